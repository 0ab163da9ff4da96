#!/usr/bin/env bash
# One fault in each NAME.gradus, found by --check-numerics; NAME.expected is the exit code and stderr, with ids and
# lines of the library left out. NAME.cmd, if there is one, is the command line. BLESS=1 writes what is expected.
set -uo pipefail
gradus=$1 work=$2
rm -rf "$work" && mkdir -p "$work"
export gradus work
failed=0
for case in *.gradus; do
  name=${case%.gradus}
  rm -rf "$work/run"
  if [ -e "$name.cmd" ]; then
    bash "./$name.cmd" > /dev/null 2> "$work/$name.stderr"
  else
    "$gradus" train "$case" --check-numerics -q --overwrite -o "$work/run" > /dev/null 2> "$work/$name.stderr"
  fi
  { echo "exit $?"; sed -E "s#$work#WORK#g; s/%[0-9]+/%N/g; s#(library/[a-z_]+\.gradus):[0-9]+:[0-9]+#\1#" "$work/$name.stderr"; } > "$work/$name.actual"
  if [ "${BLESS:-}" = 1 ]; then cp "$work/$name.actual" "$name.expected"; fi
  diff -u "$name.expected" "$work/$name.actual" || failed=1
done
exit $failed
