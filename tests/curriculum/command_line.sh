#!/usr/bin/env bash
# Rows of the curriculum as a user sees them: command_line.sh GRADUS
set -euo pipefail
gradus=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# expect ROW TEXT: standard input contains TEXT
expect() {
  local found
  found=$(cat)
  if ! grep -qF -- "$2" <<<"$found"; then
    printf '%s: no "%s" in\n%s\n' "$1" "$2" "$found" >&2
    exit 1
  fi
}

cat >"$folder/lesson.gradus" <<'LESSON'
function fibonacci(n) = if n < 2 { 1 } else { fibonacci(n - 1) + fibonacci(n - 2) }
program graph { x = 2; y = 3; print x * y + sin(x) }
program chain_rule { x = 1; print gradient(sin(x ^ 2), x) }
program five { expect fibonacci(5) == 8 }
program ten { expect fibonacci(10) == 89 }
program twenty_five { expect fibonacci(25) == 121393 }
program thirty_six { expect fibonacci(36) == 24157817 }
LESSON

"$gradus" dump "$folder/lesson.gradus" --only graph --format=dot | expect CHN-01 '3->4'
"$gradus" dump "$folder/lesson.gradus" --only chain_rule --stage=optimized --format=formula |
  expect CHN-02 '2 * x * cos(x^2)'

calls() { # calls PROGRAM MEMOIZED NAIVE
  "$gradus" run "$folder/lesson.gradus" --only "$1" --count-calls | expect CHN-07 "fibonacci: $2 calls"
  "$gradus" run "$folder/lesson.gradus" --only "$1" --count-calls --no-memo | expect CHN-07 "fibonacci: $3 calls, 0 of"
}
calls five 9 15
calls ten 19 177
calls twenty_five 49 242785
"$gradus" run "$folder/lesson.gradus" --only thirty_six | expect CHN-07 '1 of 1 expectations hold'
code=0
"$gradus" run "$folder/lesson.gradus" --only thirty_six --no-memo >/dev/null 2>"$folder/error" || code=$?
[ "$code" = 2 ] || { echo "CHN-07: exit code $code" >&2; exit 1; }
expect CHN-07 'more than 1000000 calls' <"$folder/error"
