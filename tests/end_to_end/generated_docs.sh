#!/usr/bin/env bash
# docs/ops.md and docs/library.md are what the program writes (BLESS=1 writes them), and the library is documented.
set -uo pipefail
gradus=$1
failed=0
same() { # same PAGE COMMAND...
  local page=$1
  shift
  if [ "${BLESS:-}" = 1 ]; then "$gradus" "$@" > "$page"; fi
  diff -u "$page" <("$gradus" "$@") || { echo "$page is stale: gradus $* > $page" >&2; failed=1; }
}
same docs/ops.md ops --markdown
same docs/library.md show --markdown
"$gradus" show --json | python3 -c '
import json, sys
bare = [e["name"] for e in json.load(sys.stdin) if not e["documentation"]]
sys.exit("without documentation: " + ", ".join(bare) if bare else 0)' || failed=1
exit $failed
