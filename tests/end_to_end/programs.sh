#!/usr/bin/env bash
# A program of examples/programs takes ten steps as it stands, on random data: programs.sh GRADUS NAME WORK COLUMN…
set -euo pipefail
gradus=$1 name=$2 work=$3/program_$2
here=$(dirname "$0")
rm -rf "$work" && mkdir -p "$work"
python3 "$here/random_data.py" "$work/data.npz" 50 "${@:4}"
"$gradus" train "$here/../../examples/programs/$name.gradus" --data "$work/data.npz" --set batch=4 --set epochs=1 \
  --set seed=1 -q -o "$work/run" > "$work/output.txt" || { cat "$work/output.txt"; exit 1; }
cat "$work/output.txt"
grep -Eq '^1 epochs, 1[0-9] steps' "$work/output.txt"
