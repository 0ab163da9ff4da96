#!/usr/bin/env bash
# Runs the `; RUN:` lines of a test file: %gradus, %s (the file) and FileCheck are filled in.
set -euo pipefail
gradus=$1 filecheck=$2 file=$3
found=0
while IFS= read -r line; do
  command=${line#*RUN: }
  command=${command//%gradus/"$gradus"}
  command=${command//FileCheck/"$filecheck"}
  command=${command//%s/"$file"}
  found=1
  bash -euo pipefail -c "$command"
done < <(grep '^; RUN: ' "$file")
[ "$found" = 1 ] || { echo "$file has no RUN line" >&2; exit 1; }
