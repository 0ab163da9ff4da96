# Names that are no UTF-8 and hold control characters, in messages and in vocabulary.json.
rm -rf "$work/classes" "$work/bytes"
mkdir -p "$work/classes/"{$'caf\xe9',$'\e[31mred'}
for class in "$work"/classes/*; do
  echo iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgYGRgYgYAABEAB4PKZGQAAAAASUVORK5CYII= | base64 -d > "$class/1.png"
done
printf 'train T {\n data image_folder("classes") -> image, label\n batch = 2\n epochs = 1\n loss = mean(dense(flatten(image), 1) as head)\n minimize loss with sgd(0.1)\n}\n' > "$work/bytes.gradus"
"$gradus" train "$work/bytes.gradus" -q --overwrite -o "$work/bytes" && cat "$work/bytes/vocabulary.json" >&2
printf 'garbage' > "$work/classes/"$'caf\xe9/1.png'
"$gradus" train "$work/bytes.gradus" -q --overwrite -o "$work/bytes"
