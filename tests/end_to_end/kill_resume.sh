#!/usr/bin/env bash
# Trains, kills the process with SIGKILL at random moments, resumes; after so many kills it runs to its end. The files
# must be those of a run that nobody killed, and readable at every moment.
#   kill_resume.sh GRADUS MODEL FOLDER KILLS [option of gradus train …]
set -euo pipefail
gradus=$1 model=$2 work=$3 kills=$4
shift 4
rm -rf "$work" && mkdir -p "$work"
train() { "$gradus" train "$@" > "$work/out.txt" 2> "$work/err.txt"; }

started=$(date +%s%N)
train "$model" -q --overwrite -o "$work/whole" --checkpoint-every 5 "$@"
length=$(( ($(date +%s%N) - started) / 1000 ))  # µs

killed=0 attempts=0
while [ "$killed" -lt "$kills" ] && [ "$attempts" -lt $((5 * kills)) ]; do
  attempts=$((attempts + 1))
  if [ -e "$work/killed/run.json" ]; then
    "$gradus" train --resume "$work/killed" -q --checkpoint-every 5 > "$work/out.txt" 2> "$work/err.txt" &
  else
    "$gradus" train "$model" -q --overwrite -o "$work/killed" --checkpoint-every 5 "$@" > "$work/out.txt" 2> "$work/err.txt" &
  fi
  process=$!
  # Random moments of a whole run's length; resumed runs are shorter, so some end before: those are started afresh.
  wait_for=$(( (RANDOM * 32768 + RANDOM) % length ))
  sleep "$(printf '%d.%06d' $((wait_for / 1000000)) $((wait_for % 1000000)))"
  if kill -9 "$process" 2> /dev/null; then
    killed=$((killed + 1))
    wait "$process" 2> /dev/null || true
    for file in "$work"/killed/*.safetensors; do
      [ -e "$file" ] || continue
      python3 - "$file" << 'PYTHON' || { echo "$file is unreadable after kill $killed" >&2; exit 1; }
import json, os, struct, sys
with open(sys.argv[1], "rb") as file:
    length, = struct.unpack("<Q", file.read(8))
    header = json.loads(file.read(length))
    ends = [value["data_offsets"][1] for name, value in header.items() if name != "__metadata__"]
    assert os.path.getsize(sys.argv[1]) == 8 + length + max(ends)
PYTHON
    done
  else
    wait "$process" || { cat "$work/err.txt" >&2; exit 1; }
    # It came to its end: what it wrote must be right already, and there is nothing left to kill.
    cmp "$work/whole/checkpoint.safetensors" "$work/killed/checkpoint.safetensors"
    rm -rf "$work/killed"
  fi
done
[ "$killed" -eq "$kills" ] || { echo "only $killed of $kills kills hit" >&2; exit 1; }
if [ -e "$work/killed/run.json" ]; then
  "$gradus" train --resume "$work/killed" -q > "$work/out.txt" 2> "$work/err.txt" || { cat "$work/err.txt" >&2; exit 1; }
else
  train "$model" -q --overwrite -o "$work/killed" "$@"
fi
for file in checkpoint.safetensors resume.safetensors history.csv; do cmp "$work/whole/$file" "$work/killed/$file"; done
ls "$work/killed" | grep -v tmp | sort > "$work/files.txt"
echo "$kills kills in $attempts runs: the same files"
