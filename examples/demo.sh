#!/usr/bin/env bash
# The main job, seen by a newcomer: train LeNet-5 on the bundled digits, then say what to try next.
set -euo pipefail
cd "$(dirname "$0")/.."
gradus=${GRADUS:-build/release/bin/gradus}
echo "Training LeNet-5 (examples/lenet5.gradus) on 1,797 handwritten digits:"
echo
"$gradus" train examples/lenet5.gradus -o runs/lenet5 --overwrite
cat <<TEXT

Try next:
  $gradus predict runs/lenet5                                       what it says of each digit that it has not seen
  $gradus run examples/neuron.gradus                                a lesson that checks itself
  $gradus dump examples/neuron.gradus --stage=backward --format=formula
  $gradus dump examples/lenet5.gradus --stage=kernels                what was fused with what
  $gradus dump examples/xor.gradus --stage=asm | less                the machine code
  $gradus check examples/xor.gradus                                 every way to take a derivative, side by side
  $gradus train examples/mlp.gradus --set batch=16                  another model; --set overrides settings
TEXT
