# A file whose name is no UTF-8: JSON must be, and a table shows what can be printed.
model=$work/$(printf 'a\xff.gradus')
printf 'program p {\n  x = [[1.0, 2.0], [3.0, 4.0]]\n  y = x @ x @ x\n  print y\n}\n' > "$model"
for command in "dump --explain-memory" explain show; do
  "$gradus" $command "$model" --json | python3 -c '
import json, sys
if "a\ufffd.gradus" not in json.dumps(json.load(sys.stdin), ensure_ascii=False):
    sys.exit("no name")' || echo "$command fails" >&2
done
for command in "dump --explain-memory" explain; do
  "$gradus" $command "$model" | grep -q 'a\\xff\.gradus:3:' || echo "$command shows no name" >&2
done
