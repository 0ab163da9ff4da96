#!/usr/bin/env bash
# Rows of the curriculum that need training runs: training.sh GRADUS
set -euo pipefail
gradus=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

fail() { printf '%s\n' "$*" >&2; exit 1; }
equal() { [ "$2" = "$3" ] || fail "$1: found $2, expected $3"; }   # ROW FOUND EXPECTED

# line ROWS: a program of a straight line and so many rows of it
line() {
  awk -v n="$1" 'BEGIN {
    print "model Line(x: [batch, 1]) -> y { y = dense(x, 1, weight_initializer: zeros) }"
    for (i = 0; i < n; ++i) { xs = xs "[" i / n "], "; ys = ys "[" 2 * i / n + 1 "], " }
    print "train Line {\n  data rows(x: [" xs "], target: [" ys "]) -> x, target"
    print "  batch = 32\n  loss = mean_squared_error(y, target)\n  minimize loss with sgd(0.1)\n}" }'
}
line 320 >"$folder/line320.gradus"
line 1000 >"$folder/line1000.gradus"
line 1050 >"$folder/line1050.gradus"

# run NAME FILE SETTING…: trains into a folder of that name
run() {
  local settings=() setting
  for setting in "${@:3}"; do settings+=(--set "$setting"); done
  "$gradus" train "$folder/$2.gradus" -q --precision f64 --overwrite -o "$folder/$1" "${settings[@]}" >"$folder/$1.out"
}
last() { tail -n 1 "$folder/$1/history.csv" | cut -d, -f"$2"; }    # NAME COLUMN: epoch, step, loss

# TRN-01, TRN-02, HYP-04: an epoch takes all rows, an iteration a batch of them
run hundred line1000 batch=100 epochs=3
equal TRN-01 "$(last hundred 1),$(last hundred 2)" 3,30
run rest line1050 batch=100 epochs=1
equal TRN-02 "$(last rest 2)" 11
run thirty_two line320 batch=32 epochs=1
equal TRN-02 "$(last thirty_two 2)" 10

# GDS-03, GDS-04, GDS-05, GDS-06: updates of ten epochs by all rows, by one, by 32
run batch line320 batch=320 epochs=10
equal GDS-03 "$(last batch 2)" 10
run stochastic line320 batch=1 epochs=10
equal GDS-04 "$(last stochastic 2)" 3200
run mini line320 batch=32 epochs=10
equal GDS-05 "$(last mini 2)" 100
# More updates an epoch, fewer epochs to the goal.
awk -v one="$(last stochastic 3)" -v some="$(last mini 3)" -v all="$(last batch 3)" \
  'BEGIN { exit !(one < some && some < all) }' || fail "GDS-06: the losses are in another order"
# An epoch of rows one by one takes longest, by far: the processor's time, the least of three, since the machine may be
# busy. All rows and 32 are too close for an order of theirs to be asserted.
seconds() {
  local TIMEFORMAT=%U attempt
  for attempt in 1 2 3; do
    { time "$gradus" train "$folder/line320.gradus" -q --threads 1 --overwrite -o "$folder/timed" --set batch="$1" \
      --set epochs=10000 >/dev/null 2>&1; } 2>&1
  done | sort -n | head -n 1
}
all=$(seconds 320) some=$(seconds 32) one=$(seconds 1)
awk -v one="$one" -v some="$some" -v all="$all" 'BEGIN { exit !(all < one && some < one) }' ||
  fail "GDS-06: seconds of 10,000 epochs by all rows, by 32, by one: $all $some $one"
echo "GDS-06: seconds of 10,000 epochs by all rows, by 32, by one: $all $some $one"

# GDS-08, PER-10: the same seed gives the same history, another seed another one
cat >"$folder/xor.gradus" <<'MODEL'
model XOR(x: [batch, 2]) -> logit { logit = x |> dense(4, activation: tanh) |> dense(1) }
train XOR {
  data rows(x: [[0, 0], [0, 1], [1, 0], [1, 1]], target: [[0], [1], [1], [0]]) -> x, target
  batch = 1
  epochs = 30
  loss = binary_cross_entropy_logits(logit, target)
  minimize loss with sgd(0.5)
}
MODEL
run first xor seed=1
run again xor seed=1
run other xor seed=2
cmp -s "$folder/first/history.csv" "$folder/again/history.csv" || fail 'GDS-08: the same seed gives another history'
cmp -s "$folder/first/checkpoint.safetensors" "$folder/again/checkpoint.safetensors" || fail 'PER-10: other weights'
cmp -s "$folder/first/history.csv" "$folder/other/history.csv" && fail 'GDS-08: another seed gives the same history'

# BPR-07: at 1e-5 the mean loss falls to 1356.08 in an epoch, at 0.001 it leaves the numbers, and that is reported
cat >"$folder/salary.gradus" <<'MODEL'
model Salary(x: [batch, 2]) -> y {
  y = x |> dense(2, weight_initializer: ones) |> dense(1, weight_initializer: ones)
}
train Salary {
  data rows(x: [[80, 8], [60, 9], [70, 5], [120, 7]], lpa: [[3], [5], [8], [11]]) -> x, lpa
  batch = 1
  epochs = 1
  shuffle = false
  loss = mean_squared_error(y, lpa)
  minimize loss with sgd(1e-5)
}
MODEL
sed 's/epochs = 1/epochs = 2/; s/sgd(1e-5)/sgd(where(step <= 4, 1e-5, 0))/' "$folder/salary.gradus" >"$folder/stopped.gradus"
run stopped stopped                     # the second epoch only looks: its mean loss is that after the first
awk -v loss="$(last stopped 3)" 'BEGIN { exit !(loss > 1356.08275875 && loss < 1356.08275885) }' ||
  fail "BPR-07: $(last stopped 3)"
code=0
sed 's/sgd(1e-5)/sgd(0.001)/' "$folder/salary.gradus" >"$folder/fast.gradus"
run diverged fast epochs=20 2>"$folder/diverged.err" || code=$?
equal BPR-07 "$code" 2
grep -qE 'loss is (inf|nan|-nan)' "$folder/diverged.err" || fail "BPR-07: $(cat "$folder/diverged.err")"

# VAN-09: weights of 500 in a deep net are reported
cat >"$folder/exploding.gradus" <<'MODEL'
model Exploding(x: [batch, 1]) -> y {
  y = x
  for i in 0..60 as layers { y = dense(y, 1, weight_initializer: constant(_, 500)) }
}
train Exploding {
  data rows(x: [[1], [2]], target: [[0], [0]]) -> x, target
  loss = mean_squared_error(y, target)
  minimize loss with sgd(0.01)
}
MODEL
code=0
run exploding exploding 2>"$folder/exploding.err" || code=$?
equal VAN-09 "$code" 2
grep -qE 'loss is (inf|nan|-nan)' "$folder/exploding.err" || fail "VAN-09: $(cat "$folder/exploding.err")"
"$gradus" train "$folder/exploding.gradus" -q --overwrite -o "$folder/exploding" --check-numerics 2>"$folder/exploding.err" >/dev/null || true
grep -qE '^error: dot gives -?inf' "$folder/exploding.err" || fail "VAN-09: $(cat "$folder/exploding.err")"

# EST-01, EST-02, EST-03, HYP-07: with early stopping the number of epochs hardly matters
awk 'function noise() { seed = (seed * 16807) % 2147483647; return seed / 2147483647 * 2 - 1 }
  BEGIN {
    seed = 7
    print "model Spiral(x: [batch, 2], units = 16) -> logits {"
    print "  logits = x |> dense(units, activation: tanh) |> dense(units, activation: tanh) |> dense(2)\n}"
    for (i = 0; i < 200; ++i) {
      r = i / 200; a = 2 * 3.14159265 * r + 3.14159265 * (i % 2) + 0.17 * noise()
      xs = xs sprintf("[%.4f, %.4f], ", r * cos(a), r * sin(a)); ys = ys (i % 2) ", "
    }
    print "train Spiral {\n  data rows(x: [" xs "], arm: [" ys "]) -> x, arm"
    print "  split(validation: 0.2)\n  batch = 32\n  epochs = 3500\n  seed = 1"
    print "  loss = sparse_categorical_cross_entropy(logits, i32(arm))"
    print "  metric accuracy = mean(argmax(logits) == i32(arm))"
    print "  minimize loss with adam(0.01)"
    print "  early_stopping(monitor: validation.loss, min_delta: 0.0001, patience: 20, verbose: true,"
    print "                 mode: auto, baseline: none, restore_best_weights: false)\n}"
  }' >"$folder/spiral.gradus"
"$gradus" train "$folder/spiral.gradus" --overwrite -o "$folder/spiral" >/dev/null 2>"$folder/spiral.err"
epochs=$(last spiral 1)
[ "$epochs" -gt 20 ] && [ "$epochs" -lt 1500 ] || fail "EST-03: stopped after $epochs epochs"
awk -v a="$(last spiral 4)" 'BEGIN { exit !(a > 0.9) }' || fail "EST-03: accuracy $(last spiral 4)"
grep -q "epoch $epochs: early stopping" "$folder/spiral.err" || fail "EST-09: $(tail -n 3 "$folder/spiral.err")"
echo "EST-03: stopped after $epochs epochs"

# OPT-13: adam's state is saved with the parameters, and each parameter is updated by one kernel
cat >"$folder/adam.gradus" <<'MODEL'
model Net(x: [batch, 4]) -> y { y = x |> dense(3, activation: tanh) |> dense(1) }
train Net {
  data rows(x: [[1, 2, 3, 4], [2, 3, 4, 5]], t: [[1], [2]]) -> x, t
  loss = mean_squared_error(y, t)
  minimize loss with adam(0.1)
}
MODEL
run six adam epochs=6
run three adam epochs=3
"$gradus" train "$folder/adam.gradus" -q --precision f64 --set epochs=6 --overwrite -o "$folder/on" \
  --checkpoint "$folder/three/checkpoint.safetensors" >/dev/null
cmp "$folder/six/checkpoint.safetensors" "$folder/on/checkpoint.safetensors" || fail 'OPT-13: other weights'
kernels=$("$gradus" dump "$folder/adam.gradus" --stage=kernels |
  awk '/ = kernel / { root = 0 } / = sqrt / { root = 1 } /yield/ && root && NF == 4 { ++count } END { print count + 0 }')
equal OPT-13 "$kernels" 4                # each yields m, v and the parameter

# LOS-10: labels are looked up, without a one-hot table; one out of range is reported with its row
cat >"$folder/labels.gradus" <<'MODEL'
model Net(x: [batch, 2]) -> logits { logits = x |> dense(3) }
train Net {
  data rows(x: [[1, 2], [2, 3], [0, 1]], label: [0, 2, 3]) -> x, label
  loss = sparse_categorical_cross_entropy(logits, i32(label))
  minimize loss with sgd(0.1)
}
MODEL
"$gradus" dump "$folder/labels.gradus" >"$folder/labels.gir"
grep -q ' = gather ' "$folder/labels.gir" || fail 'LOS-10: no look-up'
grep -qE ' = (equal|iota|one_hot) ' "$folder/labels.gir" && fail 'LOS-10: a one-hot table'
code=0
run labels labels 2>"$folder/labels.err" || code=$?
equal LOS-10 "$code" 2
grep -q 'label out of range: it must be in 0..2 .*data row 2' "$folder/labels.err" || fail "LOS-10: $(cat "$folder/labels.err")"

# DRP-07: every step has a mask of its own
cat >"$folder/masks.gradus" <<'MODEL'
model Net(x: [batch, 1]) -> y { y = dense(x, 1) }
train Net {
  data rows(x: [[1], [2]], t: [[1], [2]]) -> x, t
  epochs = 2
  loss = mean_squared_error(y, t)
  metric kept = mean(dropout(ones([1000]), 0.5))
  minimize loss with sgd(0.1)
}
MODEL
run masks masks
first=$(sed -n 2p "$folder/masks/history.csv" | cut -d, -f4)
[ "$first" != "$(last masks 4)" ] || fail "DRP-07: both masks keep $first"
