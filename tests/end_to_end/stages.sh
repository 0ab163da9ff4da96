#!/usr/bin/env bash
# Dumps every stage; text stages must print the same after parsing, and a run from each must give the same bits.
set -euo pipefail
gradus=$1 model=$2 work=$3
rm -rf "$work" && mkdir -p "$work"
# Of several programs, the one that `dump` takes.
only=()
grep -q '^train ' "$model" || only=(--only "$(grep -m1 -oE '^program [A-Za-z0-9_]+' "$model" | cut -d' ' -f2)")
"$gradus" run "$model" -q "${only[@]}" --save-inputs "$work/inputs.safetensors" --save-outputs "$work/outputs.safetensors" > /dev/null
for stage in forward backward optimized kernels loops; do
  "$gradus" dump "$model" --stage=$stage -o "$work/$stage.gir"
  "$gradus" dump "$work/$stage.gir" --stage=$stage -o "$work/$stage.again.gir"
  cmp "$work/$stage.gir" "$work/$stage.again.gir"
  "$gradus" run "$work/$stage.gir" -q --inputs "$work/inputs.safetensors" --save-outputs "$work/$stage.safetensors"
  cmp "$work/outputs.safetensors" "$work/$stage.safetensors" || { echo "stage $stage gives other bits" >&2; exit 1; }
done
for stage in forward backward optimized kernels; do  # not only to itself: what is left to do leads to the same code
  "$gradus" dump "$work/$stage.gir" --stage=loops -o "$work/$stage.loops.gir"
  cmp "$work/loops.gir" "$work/$stage.loops.gir"
done
# An id names one node of the whole text, bodies included, and its copies: a scan made once more, kernels that repeat it.
for stage in forward backward optimized kernels; do
  awk -v stage=$stage '
    $1 ~ /^%[0-9]+(:[0-9]+)?$/ && $2 == "=" {
      id = $1; sub(/:.*/, "", id)
      node = $3; if (match($0, / : [^@]*/)) node = node substr($0, RSTART, RLENGTH)
      sub(/( derivative)? *$/, "", node)
      if (id in nodes && (stage == "forward" || nodes[id] != node)) {
        print "stage " stage ": " id " is " nodes[id] " and " node; bad = 1
      }
      nodes[id] = node
    }
    END { exit bad }' "$work/$stage.gir" >&2
done
grep -q '@rule(' "$work/backward.gir" || { echo "the backward dump names no rule" >&2; exit 1; }
for stage in llvm asm; do
  "$gradus" dump "$model" --stage=$stage -o "$work/$stage.txt"
  [ -s "$work/$stage.txt" ]
done
# Another process has its memory elsewhere: nothing that is printed may depend on addresses.
for stage in loops.gir llvm.txt asm.txt; do
  "$gradus" dump "$model" --stage=${stage%.*} -o "$work/other.$stage"
  cmp "$work/$stage" "$work/other.$stage"
done
for format in formula dot; do
  "$gradus" dump "$model" --stage=backward --format=$format -o "$work/backward.$format"
  [ -s "$work/backward.$format" ]
done
