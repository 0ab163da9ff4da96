#!/usr/bin/env bash
# Runs every fuzz target, one after the other, for SECONDS_EACH (default 300) seconds, from seeds that the checkout
# holds. Findings and the grown corpora stay below build/fuzz/corpus. Usage: tests/fuzz/run.sh [seconds] [target…]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-300}
shift || true
bin=build/fuzz/bin
corpus=build/fuzz/corpus
gradus=${GRADUS:-build/release/bin/gradus}

seed() {  # target, files…
  local target=$1
  shift
  mkdir -p "$corpus/$target"
  local file
  for file in "$@"; do cp "$file" "$corpus/$target/$(cksum < "$file" | tr ' ' '-')"; done
}

mapfile -t models < <(git ls-files 'examples/*.gradus' 'tests/**/*.gradus' 'frontend/library/*.gradus')
seed model_text "${models[@]}"
mapfile -t lessons < <(git ls-files 'examples/lessons/*.gradus' examples/neuron.gradus)
seed elaboration "${lessons[@]}"
mapfile -t graphs < <(git ls-files 'tests/passes/*.gir')
seed graph_text "${graphs[@]}"
mkdir -p "$corpus/made"
"$gradus" dump --stage=kernels examples/mlp.gradus > "$corpus/made/mlp.gir"
"$gradus" dump --stage=loops examples/neuron.gradus > "$corpus/made/neuron.loops"
seed graph_text "$corpus/made/mlp.gir"
seed loop_text "$corpus/made/neuron.loops"
python3 tests/fuzz/seeds.py "$corpus"

status=0
for program in "$bin"/fuzz_*; do
  target=${program##*/fuzz_}
  if [ $# -gt 0 ] && [[ " $* " != *" $target "* ]]; then continue; fi
  mkdir -p "$corpus/$target"
  echo "== $target"
  "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=3000 -max_len=16384 -print_final_stats=1 \
    -artifact_prefix="$corpus/finding-$target-" "$corpus/$target" 2> "$corpus/$target.log" || status=1
  grep -E "stat::(number_of_executed|average)|ERROR|SUMMARY|violated" "$corpus/$target.log" || true
done
exit $status
