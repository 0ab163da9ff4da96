# `epochs` counts those that the checkpoint has had.
folder="$work/checkpoint_epochs"
rm -rf "$folder" && mkdir -p "$folder"
printf 'train T {\n  data rows(x: [[1.0]]) -> x\n  p = parameter([], zeros)\n  epochs = 2\n  minimize mean(x * p) with sgd(0.1)\n}\n' > "$folder/t.gradus"
"$gradus" train "$folder/t.gradus" -q --overwrite -o "$folder/first"
for epochs in 1 2 3; do
  "$gradus" train "$folder/t.gradus" -q --checkpoint "$folder/first/checkpoint.safetensors" --set epochs=$epochs --overwrite -o "$folder/on"
  echo "exit $?" >&2
done
cut -d, -f 1 "$folder/on/history.csv" >&2
