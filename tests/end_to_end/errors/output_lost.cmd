# What is printed arrives, or the exit code says that it did not; and no file gets the number of a closed stream.
folder="$work/output_lost"
rm -rf "$folder" && mkdir -p "$folder"
echo 'program p { print 1 }' > "$folder/p.gradus"
echo 'program p { for i in 0..400 { print 1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 } }' > "$folder/long.gradus"
echo 'program p { x = 1; print gradient(x * x, x) }' > "$folder/check.gradus"
printf 'train T {\n  data rows(x: [[1.0]]) -> x\n  p = parameter([], zeros)\n  epochs = 1\n  minimize mean(x * p) with sgd(0.1)\n}\n' > "$folder/t.gradus"
"$gradus" dump "$folder/p.gradus" --stage kernels -o "$folder/p.gir"
lost() {
  "$gradus" "$@" > /dev/full
  echo "full: exit $?" >&2
  "$gradus" "$@" >&-
  echo "closed: exit $?" >&2
}
for arguments in "run $folder/p.gradus" "run $folder/long.gradus" "run $folder/p.gir" "check $folder/check.gradus" \
  "train $folder/t.gradus -q --overwrite -o $folder/run" "dump $folder/p.gradus" "ops" "--help" "train --help" "--version"; do
  echo "--- ${arguments%% *}" >&2
  lost $arguments
done
# A message that nobody can read changes no exit code.
"$gradus" train "$folder/t.gradus" --overwrite -o "$folder/run" 2> /dev/full
echo "messages lost: exit $?" >&2
"$gradus" train "$folder/t.gradus" --overwrite -o "$folder/run" 2>&-
echo "messages lost: exit $?" >&2
cat "$folder/run/history.csv" >&2
"$gradus" run "$folder/none.gradus" 2> /dev/full
echo "error lost: exit $?" >&2
"$gradus" run "$folder/none.gradus" 2>&-
echo "error lost: exit $?" >&2
"$gradus" dump - <&-
