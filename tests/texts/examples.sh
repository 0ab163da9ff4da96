#!/usr/bin/env bash
# Mutates dumps of the examples: examples.sh GRADUS TEXT_TESTS EXAMPLES WORK
set -euo pipefail
gradus=$1 text_tests=$2 examples=$3 work=$4
rm -rf "$work" && mkdir -p "$work" && cd "$work"
for example in xor iris mlp lstm lenet5; do
  "$gradus" dump "$examples/$example.gradus" --stage=forward --set batch=5 -o "$example.gir"
done
GRADUS_TEXT_FILES="$(echo *.gir)" "$text_tests" "mutated texts*"
