#!/usr/bin/env bash
# The objects of a program are the same bytes in two processes, whatever their addresses and threads.
set -euo pipefail
gradus=$1 print_objects=$2 model=$3
loops=$("$gradus" dump "$model" --stage=loops)
first=$("$print_objects" 1 <<< "$loops")
second=$("$print_objects" 2 <<< "$loops")
[ -n "$first" ]
[ "$first" = "$second" ] || { printf 'one process: %s\nanother: %s\n' "$first" "$second" >&2; exit 1; }
