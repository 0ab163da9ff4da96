# What is written replaces a file, the one that a link leads to, and nothing else: neither a pipe nor a folder
# is lost, nor a file that has the name of a temporary one.
folder="$work/output_kinds"
rm -rf "$folder" && mkdir -p "$folder/folder"
echo 'program p { print 1 }' > "$folder/p.gradus"
mkfifo "$folder/pipe"
echo old > "$folder/target"
echo mine > "$folder/target.tmp"
ln -s target "$folder/link"
for output in pipe folder none/file link; do
  echo "--- $output" >&2
  timeout 10 "$gradus" dump "$folder/p.gradus" -o "$folder/$output"
done
"$gradus" run "$folder/p.gradus" --save-outputs "$folder/pipe"
"$gradus" opt "$folder/target" -o "$folder/pipe"
[ -p "$folder/pipe" ] && [ -d "$folder/folder" ] && [ -L "$folder/link" ] && [ "$(cat "$folder/target.tmp")" = mine ] &&
  grep -q '^graph' "$folder/target" && echo "nothing is lost" >&2
