#!/usr/bin/env bash
# Trains an example with one and with two threads, for AVX2 and for this CPU: the same bits everywhere, and those
# that digests.txt records. BLESS=1 records them anew.
set -euo pipefail
gradus=$1 example=$2 work=$3/train_$2
here=$(dirname "$0")
rm -rf "$work" && mkdir -p "$work"

digest() {  # of the parameters' bytes, which follow the header and its length
  "$gradus" train "examples/$example.gradus" -q --overwrite -o "$work/$1" "${@:2}" > "$work/$1.txt"
  local file=$work/$1/checkpoint.safetensors
  tail -c +$(($(od -An -t u8 -N 8 "$file") + 9)) "$file" | sha256sum | cut -c1-16
}
one=$(digest one --threads 1)
two=$(digest two --threads 2)
avx2=$(digest avx2 --threads 1 --cpu x86-64-v3)
cat "$work/one.txt"
[ "$one" = "$two" ] || { echo "two threads give other bits than one" >&2; exit 1; }
[ "$one" = "$avx2" ] || { echo "x86-64-v3 code gives other bits than this CPU's" >&2; exit 1; }
if [ "${BLESS:-}" = 1 ]; then
  touch "$here/digests.txt"
  sed -i "/^$example /d" "$here/digests.txt"
  echo "$example $one" >> "$here/digests.txt"
  sort -o "$here/digests.txt" "$here/digests.txt"
fi
recorded=$(sed -n "s/^$example //p" "$here/digests.txt")
[ "$one" = "$recorded" ] || { echo "digest $one, recorded $recorded" >&2; exit 1; }

accuracy=$(sed -n 's/^accuracy  *\(.*\)$/\1/p' "$work/one.txt" | awk '{print $NF}')
case $example in
  xor | lstm) least=1 ;;
  iris) least=0.9 ;;
  gan) accuracy=1 least=1 ;;  # it checks itself
  *) least=0.96 ;;
esac
awk -v a="$accuracy" -v b="$least" 'BEGIN { exit !(a >= b) }' || { echo "accuracy $accuracy, expected $least" >&2; exit 1; }
