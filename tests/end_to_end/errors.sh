#!/usr/bin/env bash
# Each `NAME.gradus` (or .cmd, a command line) has a golden `NAME.expected`: exit code, then stderr. BLESS=1 writes it.
set -uo pipefail
gradus=$1 work=$2
rm -rf "$work" && mkdir -p "$work"
failed=0
for case in *.gradus *.cmd; do
  [ -e "$case" ] || continue
  name=${case%.*}
  if [ "${case##*.}" = cmd ]; then
    (export gradus work; bash "./$case") > /dev/null 2> "$work/$name.stderr"
  else
    "$gradus" run "$case" > /dev/null 2> "$work/$name.stderr"
  fi
  { echo "exit $?"; sed "s#$work#WORK#g" "$work/$name.stderr"; } > "$work/$name.actual"
  if [ "${BLESS:-}" = 1 ]; then cp "$work/$name.actual" "$name.expected"; fi
  diff -u "$name.expected" "$work/$name.actual" || failed=1
done
exit $failed
