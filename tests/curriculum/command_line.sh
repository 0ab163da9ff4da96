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

# CHN-01, CHN-02, CHN-07: graphs, formulas, counted calls
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

# MLP-02, LOS-01: a dump lists each parameter by its path, and nothing else is a parameter
cat >"$folder/net.gradus" <<'MODEL'
model Net(x: [batch, 4]) -> y { y = x |> dense(3) |> dense(2) |> dense(1) as output }
train Net {
  data rows(x: [[1, 2, 3, 4]], t: [[1]]) -> x, t
  loss = mean_squared_error(y, t)
  minimize loss with sgd(0.1)
}
model Line(x: [batch]) -> y { m = parameter([], ones); b = parameter([], zeros); y = m * x + b }
train Line {
  data rows(x: [1, 2], t: [1, 3]) -> x, t
  loss = mean_squared_error(y, t)
  minimize loss with sgd(0.1)
}
MODEL
parameters() { "$gradus" dump "$folder/net.gradus" --only "$1" | sed -n 's/^ *param %\([a-z0-9_.]*\): \(.*\)  @.*/\1 \2/p' | tr '\n' ';'; }
parameters Net | expect MLP-02 'dense_1.weight f32[4,3];dense_1.bias f32[3];dense_2.weight f32[3,2];'
[ "$(parameters Line)" = 'm f32[];b f32[];' ] || { echo "LOS-01: $(parameters Line)" >&2; exit 1; }

# MLP-12: nothing flows back
printf 'graph @cycle (%%x: f64[]) {\n  %%1 = add %%x, %%2 : f64[]\n  %%2 = mul %%1, %%x : f64[]\n  return %%2\n}\n' >"$folder/cycle.gir"
{ "$gradus" run "$folder/cycle.gir" 2>&1 || true; } | expect MLP-12 "'%2' is not defined"
printf 'program p { x = 1; a = x + b; b = 2 * a; print b }\n' >"$folder/cycle.gradus"
{ "$gradus" run "$folder/cycle.gradus" 2>&1 || true; } | expect MLP-12 'unknown name `b`'

# TRN-05: the parts of a gradient print as formulas
printf 'program p { x = 3; y = 4; z = x ^ 2 + y ^ 2; print gradient(z, x), gradient(z, y) }\n' >"$folder/bowl.gradus"
"$gradus" dump "$folder/bowl.gradus" --stage=optimized --format=formula >"$folder/bowl.txt"
expect TRN-05 'value_1 = 2 * x' <"$folder/bowl.txt"
expect TRN-05 'value_2 = 2 * y' <"$folder/bowl.txt"

# DIF-12: one line for each method, and exact ones agree
for example in backprop_regression backprop_classification saturation; do
  "$gradus" check "examples/lessons/$example.gradus" >"$folder/check.txt"
  for method in 'reverse (symbolic)' 'forward (dual numbers)' 'complex step' 'central differences' 'one-sided differences' SPSA; do
    expect DIF-12 "$method" <"$folder/check.txt"
  done
  expect DIF-12 'exact methods agree to 1e-12' <"$folder/check.txt"
done

# ACT-04: the identity leaves no node
printf 'program p { z = 2; print identity(z) + 1 }\n' >"$folder/identity.gradus"
"$gradus" dump "$folder/identity.gradus" --stage=optimized --format=formula | expect ACT-04 'value_1 = z + 1'

# DRP-02, DRP-06: outside of training no draw is left; the same seed draws the same, compiled and interpreted
printf 'program p { x = ones([8]); print dropout(x, 0.5) }\n' >"$folder/dropout.gradus"
if "$gradus" dump "$folder/dropout.gradus" | grep -E 'random|draw|mul'; then echo 'DRP-02: a draw is left' >&2; exit 1; fi
printf 'program p { x = ones([64]); print dropout(x, 0.5, training: true) }\n' >"$folder/dropout.gradus"
"$gradus" run "$folder/dropout.gradus" >"$folder/compiled.txt"
"$gradus" run "$folder/dropout.gradus" >"$folder/again.txt"
"$gradus" run "$folder/dropout.gradus" --evaluator >"$folder/interpreted.txt"
cmp "$folder/compiled.txt" "$folder/again.txt"
cmp "$folder/compiled.txt" "$folder/interpreted.txt"

# DIF-05, INI-05: a derivative written by hand is compared with differences; with the wrong sign it is refused
printf 'program p { x = 1.3; y = custom_gradient(sin(x), stop_gradient(cos(x)) * x); print gradient(y, x) }\n' >"$folder/manual.gradus"
"$gradus" check "$folder/manual.gradus" >"$folder/check.txt" || { cat "$folder/check.txt" >&2; exit 1; }
printf 'program p { x = 1.3; y = custom_gradient(sin(x), -stop_gradient(cos(x)) * x); print gradient(y, x) }\n' >"$folder/manual.gradus"
code=0
"$gradus" check "$folder/manual.gradus" >"$folder/check.txt" 2>&1 || code=$?
[ "$code" = 1 ] || { echo "DIF-05: exit code $code for a wrong derivative" >&2; cat "$folder/check.txt" >&2; exit 1; }

# PER-11: what has no slope anywhere has gradient 0, and that is said
printf 'program p { w = 1; misses = sum(where([-1, 2] * w >= 0, 1.0, 0.0)); expect gradient(misses, w) == 0 }\n' >"$folder/misses.gradus"
"$gradus" run "$folder/misses.gradus" 2>&1 | expect PER-11 'warning: this gradient is zero'
