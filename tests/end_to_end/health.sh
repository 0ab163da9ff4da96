#!/usr/bin/env bash
# What `gradus train --gradient-norms` says of nets whose trouble is known, and what it writes.
set -euo pipefail
gradus=$1 work=$2
here=$(cd "$(dirname "$0")" && pwd)
rm -rf "$work" && mkdir -p "$work"
python3 "$here/random_data.py" "$work/deep.npz" 64 x=f:10
failed=0

train() { # NAME FILE [OPTIONS]: stdout and stderr together
  "$gradus" train "$here/health/$2" --only "$1" --gradient-norms -q --overwrite -o "$work/$1" "${@:3}" > "$work/$1.txt" 2>&1
}
says() { grep -qF "$2" "$work/$1.txt" || { echo "$1 does not say: $2"; cat "$work/$1.txt"; failed=1; }; }
only() { # NAME COUNT: so many symptoms
  local found
  found=$(grep -c "^warning: " "$work/$1.txt" || true)
  [ "$found" = "$2" ] || { echo "$1: $found symptoms instead of $2"; cat "$work/$1.txt"; failed=1; }
}

# VAN-04, VAN-05 and VAN-06: the sigmoid net's gradient vanishes, its loss is flat and its first weights stand still
train Sigmoid deep.gradus --data "$work/deep.npz"
says Sigmoid "the gradient vanishes: its norm by 'hidden[0].dense_1.weight' is"
says Sigmoid "the loss is flat: "
says Sigmoid "'hidden[0].dense_1.weight' (and"
only Sigmoid 3
train Rectified deep.gradus --data "$work/deep.npz"
says Rectified "show no symptom"
only Rectified 0
[ "$(wc -l < "$work/Rectified/gradients.csv")" = $((1 + 300 * 22)) ]
[ "$(wc -l < "$work/Rectified/activations.csv")" = $((1 + 300 * 11)) ]
# The first weights' gradient over the last's, in the first epoch.
ratio() { awk -F, '$1 == 1 && $2 ~ /weight/ { if (!first) first = $3; last = $3 } END { printf "%.3g\n", first / last }' "$work/$1/gradients.csv"; }
awk -v a="$(ratio Sigmoid)" -v b="$(ratio Rectified)" 'BEGIN { exit !(a < 1e-5 && b > 0.05 && b < 20) }' ||
  { echo "ratios of gradient norms: $(ratio Sigmoid), $(ratio Rectified)"; failed=1; }

# VAN-09: an explosion is reported with the parameter, behind the error that stopped the training
if train Explodes deep.gradus --data "$work/deep.npz"; then echo "Explodes succeeded"; failed=1; fi
says Explodes "error: loss is inf in epoch 1, step 1"
says Explodes "the gradient explodes: its norm by 'hidden[0].dense_1.weight'"

# ACT-08: units that are 0 for every row are dead, and a slope below 0 keeps them alive
train Dead units.gradus
says Dead "dying ReLU: 4 of 4 units"
train Leaky units.gradus
if grep -q "dying" "$work/Leaky.txt"; then cat "$work/Leaky.txt"; failed=1; fi

# INI-04: equal initial values stay equal
train Twins units.gradus
says Twins "2 of the 2 columns of 'hidden.weight' are identical"

# Watching changes nothing.
"$gradus" train "$here/health/units.gradus" --only Twins -q --overwrite -o "$work/unwatched" > "$work/unwatched.txt"
cmp "$work/unwatched/checkpoint.safetensors" "$work/Twins/checkpoint.safetensors"
exit $failed
