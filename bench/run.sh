#!/usr/bin/env bash
# All benchmarks: ratios against peers in one run on one thread. Absolute times move from machine to machine and
# from minute to minute; ratios within a run hold.
set -euo pipefail
cd "$(dirname "$0")/.."
bench=build/release/bin/gradus_bench
if [ ! -x "$bench" ]; then
  echo "gradus_bench was not built: OpenBLAS is not installed" >&2
  exit 3
fi
# Old OpenBLAS releases fall back to AVX2 kernels on CPUs newer than they are.
if grep -q -m1 avx512bw /proc/cpuinfo; then export OPENBLAS_CORETYPE=SkylakeX; fi
"$bench" kernels
echo
echo "Passes, milliseconds, graphs of 10,000 nodes:"
build/release/bin/gradus_bench_passes 13000
echo
compile=$("$bench" compile examples/lenet5.gradus)
echo "LeNet-5 training step, cold compile on one core (parse to callable, median of 5): $compile ms"
for model in lenet5 lstm; do echo "Code generation of $model: $("$bench" codegen examples/$model.gradus)"; done
peers=../shared/peers/torch_bench.py
python=${PYTHON:-/usr/bin/python3}
if [ -r "$peers" ] && "$python" -c 'import torch, numpy' 2>/dev/null; then
  "$python" - "$compile" <<'PY'
import statistics, subprocess, sys, time
samples = []
for _ in range(6):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    samples.append(time.perf_counter() - start)
torch = statistics.median(samples[1:]) * 1000
print(f"  that is {float(sys.argv[1]) / torch:.2f} of the time of `import torch` ({torch:.0f} ms)")
PY
  ours=() theirs=()
  for round in 1 2 3 4 5; do
    ours+=("$("$bench" step examples/lenet5.gradus)")
    theirs+=("$("$python" "$peers" --models lenet5 --modes train --threads 1 --budget 1 | "$python" -c 'import json,sys; print(json.loads(sys.stdin.readline())["median_ms"])')")
    echo "LeNet-5 training step, batch 64, round $round: ${ours[-1]} ms, PyTorch ${theirs[-1]} ms"
  done
  "$python" - "${ours[*]}" "${theirs[*]}" <<'PY'
import statistics, sys
ours, theirs = ([float(x) for x in a.split()] for a in sys.argv[1:])
a, b = statistics.median(ours), statistics.median(theirs)
print(f"LeNet-5 training step, batch 64: median {a:.3f} ms, PyTorch {b:.3f} ms: {b / a:.2f} times as fast as PyTorch")
PY
else
  echo "LeNet-5 training step against PyTorch: not available"
fi
