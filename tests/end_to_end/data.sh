#!/usr/bin/env bash
# Every reader of files through a whole training run, on a few rows made here; the same bits for one thread and two.
set -euo pipefail
gradus=$1 work=$2
rm -rf "$work" && mkdir -p "$work" && cd "$work"

# train NAME 'data line' 'the rest of the block': leaves the run in NAME
train() {
  printf 'train %s {\n  data %s\n%s\n  batch = 4\n  epochs = 2\n  seed = 1\n  minimize loss with sgd(0.01)\n}\n' \
    "$1" "$2" "$3" > "$1.gradus"
  for threads in 1 2; do
    "$gradus" train "$1.gradus" -q --overwrite -o "$1/$threads" --threads $threads > "$1.txt" || { cat "$1.gradus"; exit 1; }
  done
  cmp "$1/1/checkpoint.safetensors" "$1/2/checkpoint.safetensors"
}
contains() { grep -qF "$2" "$1" || { echo "$1 does not contain: $2" >&2; cat "$1" >&2; exit 1; }; }

png() { echo "$1" | base64 -d; }
dark=iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgcGBoOAAAAsYBgUSeBrsAAAAASUVORK5CYII=
mkdir -p faces/ann faces/bob
for name in ann/1 ann/2 bob/1 bob/2; do png "$dark" > "faces/$name.png"; done

printf 'file,height,age,mood\n' > people.csv
for i in 1 2 3 4 5 6; do echo "faces/ann/1.png,$((150 + i)),$((20 + i)),$([ $((i % 2)) = 0 ] && echo glad || echo sad)"; done >> people.csv
train Typed 'csv("people.csv", columns: [image("file", size: 4), numbers("height")], target: category("mood"), standardize: true) -> photo, height, mood' \
  '  split(validation: 0.2)
  logits = dense(concat([flatten(random_flip(photo)), height], axis: -1), 2) as head
  loss = sparse_categorical_cross_entropy(logits, mood)'
contains Typed/1/vocabulary.json '"glad"'
train Plain 'concat([csv("people.csv", columns: [numbers("height")], target: "age"), csv("people.csv", columns: [numbers("height")], target: "age")], scale: true, bias: true) -> x, age' \
  '  drop_last = true
  loss = mean_squared_error(dense(x, 1, bias: false) as head, age)'
contains Plain.txt '2 epochs, 6 steps'
train Folder 'image_folder("faces", size: 3) -> image, label' \
  '  loss = sparse_categorical_cross_entropy(dense(flatten(random_shift(image, 1)), 2) as head, label)'
train Triplet 'triplets("faces") -> anchor, positive, negative' \
  '  use embed = dense(2)
  a = embed(flatten(anchor)); p = embed(flatten(positive)); n = embed(flatten(negative))
  loss = mean(max(0, sum((a - p) ^ 2, over: -1) - sum((a - n) ^ 2, over: -1) + 0.2))'

for word in the DET dog NOUN barks VERB; do echo "$word"; done | paste - - | \
  awk '{ print NR "\t" $1 "\t_\t" $2 "\t_\t_\t_\t_\t_\t_" } END { print "" }' > one
cat one one one one | gzip -n > en-ud-train.conllu.gz
cp one en-ud-test.conllu
train Tagger 'tagged_text("en", limit: 5) -> token, tag' \
  '  loss = sparse_categorical_cross_entropy(dense(one_hot(token, 8), 17) as head, tag)'
contains Tagger/1/vocabulary.json '"barks"'
printf 'a dog\tein Hund\na cat\teine Katze\nno\tnein\n' > pairs.tsv
train Pairs 'sentence_pairs("pairs.tsv", limit: 5) -> source, target' \
  '  loss = sparse_categorical_cross_entropy(dense(one_hot(source, 16), 16) as head, target)'
contains Pairs/1/vocabulary.json '"Katze"'
printf 'the quick brown fox jumps over the lazy dog' > fox.txt
train Letters 'text("fox.txt", window: 4, validation: 0.2) -> token, next' \
  '  loss = sparse_categorical_cross_entropy(dense(one_hot(token, 27), 27) as head, next)'
