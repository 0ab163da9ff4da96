#!/usr/bin/env bash
# Each `NAME.gradus` (or .cmd, a command line) has a golden `NAME.expected`: exit code, then stderr. BLESS=1 writes it.
set -uo pipefail
gradus=$1 work=$2
rm -rf "$work" && mkdir -p "$work"
failed=0
# The library may move its lines.
without_library_lines() { sed -E 's#(library/[a-z_]+\.gradus):[0-9]+:[0-9]+#\1#' "$1"; }
for case in *.gradus *.cmd; do
  [ -e "$case" ] || continue
  name=${case%.*}
  rm -rf "$work/run"  # of the case before
  if [ "${case##*.}" = cmd ]; then
    (export gradus work; bash "./$case") > /dev/null 2> "$work/$name.stderr"
  else
    "$gradus" run "$case" > /dev/null 2> "$work/$name.stderr"
  fi
  { echo "exit $?"; sed "s#$work#WORK#g" "$work/$name.stderr"; } > "$work/$name.actual"
  if [ "${BLESS:-}" = 1 ]; then cp "$work/$name.actual" "$name.expected"; fi
  diff -u <(without_library_lines "$name.expected") <(without_library_lines "$work/$name.actual") || failed=1
done
exit $failed
