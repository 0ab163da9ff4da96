#!/usr/bin/env bash
# Sizes of networks as `gradus show` tells them: show.sh GRADUS
set -euo pipefail
gradus=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

cat >"$folder/nets.gradus" <<'NETS'
model MLP(x: [batch, 4]) -> y {
  y = x |> dense(3) as first |> dense(2) as second |> dense(1) as third
}
model Normalized(x: [batch, 4]) -> y { y = x |> dense(3) as hidden |> batch_norm as norm }
model Memory(x: [batch, 7, features]) -> y { y = lstm(x, 3).last }
model Wide(image: [batch, 40, 40, 1]) -> y { y = image |> flatten |> dense(100) }
model Filters(image: [batch, 40, 40, 3]) -> y { y = image |> conv2d(10, kernel: 3) }
model LeNet5(image: [batch, side, side, 1]) -> logits {
  logits = image |> conv2d(6, kernel: 5) as c1 |> average_pool2d(2) |> conv2d(16, kernel: 5) as c3
    |> average_pool2d(2) |> flatten |> dense(120) as f5 |> dense(84) as f6 |> dense(10) as f7
}
model ResNet18(image: [batch, 224, 224, 3]) -> logits {
  h = image |> conv2d(64, kernel: 7, stride: 2, padding: same, bias: false) as stem |> batch_norm as stem_norm |> relu
      |> max_pool2d(3, stride: 2, padding: same)
  for stage in 0..4 as stages {
    h = h |> residual(64 * 2 ^ stage, stride: if stage == 0 { 1 } else { 2 }) as first
          |> residual(64 * 2 ^ stage) as second
  }
  logits = h |> global_average_pool |> dense(1000) as head
}
NETS

# expect ROW MODEL TEXT [OPTION...]: the table of the model contains TEXT, however wide its columns are
expect() {
  local found
  found=$("$gradus" show "$folder/nets.gradus" "$2" "${@:4}" | tr -s ' ')
  if ! grep -qF -- "$3" <<<"$found"; then
    printf '%s: no "%s" in\n%s\n' "$1" "$3" "$found" >&2
    exit 1
  fi
}

# MLP-01: 4-3-2-1 has 15, 8 and 3 parameters
expect MLP-01 MLP 'first dense [1,3] 15'
expect MLP-01 MLP 'second dense [1,2] 8'
expect MLP-01 MLP 'third dense [1,1] 3'
expect MLP-01 MLP '26 parameters'
# NRM-08: four numbers a channel, two of them trained
expect NRM-08 Normalized 'norm batch_norm [1,3] 6 6'
# LST-04: 4 (n h + h² + h)
expect LST-04 Memory 'lstm [1,7,3], [1,3] 108' --set features=5
expect LST-04 Memory 'lstm [1,7,3], [1,3] 84' --set features=3
# CNV-02: a dense layer for an image, and ten filters
expect CNV-02 Wide '160,100 parameters'
expect CNV-02 Filters '280 parameters'
# CNV-15: a convolution's parameters do not depend on the image, those behind `flatten` do
expect CNV-15 LeNet5 'c1 conv2d [1,28,28,6] 156' --set side=32
expect CNV-15 LeNet5 'c1 conv2d [1,24,24,6] 156' --set side=28
expect CNV-15 LeNet5 'f5 dense [1,120] 48,120' --set side=32
expect CNV-15 LeNet5 'f5 dense [1,120] 30,840' --set side=28
# ARC-07: ResNet-18
expect ARC-07 ResNet18 '11,689,512 parameters'
expect ARC-07 ResNet18 'stages[3].second residual [1,7,7,512]'
