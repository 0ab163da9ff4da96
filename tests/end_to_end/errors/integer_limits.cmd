# Slices, ranges and windows at the ends of 64 bits.
huge=9223372036854775807
for line in "expect x[0.. by $huge] == [1.0]" "expect x[-$huge..] == x" "expect length([1, 2, 3][1..$huge by $huge]) == 1" \
            "expect sum(convolve(x, x, stride: $huge)) == 0" "expect sum(window_max(reshape(x, [1, 3, 1]), $huge, low: $huge)) == 0" \
            "expect abs(-$huge - 1) == 0" "expect int(1e300) == 0" "expect i64(3000000000) == 3000000000" \
            "y = 3000000000.0 * x + 3000000000" "z = iota(3) + 3000000000" "expect zeros([100000000]) == 0"; do
  printf 'program p {\n  x = [1.0, 2.0, 3.0]\n  %s\n}\n' "$line" > "$work/limits.gradus"
  echo "$line" >&2
  "$gradus" run "$work/limits.gradus"
done
printf 'program p {\n  x = 1.5\n  y = x ^ 4\n  g = gradient(gradient(gradient(y, x), x), x)\n  expect g == 36\n}\n' > "$work/third.gradus"
"$gradus" run "$work/third.gradus" --evaluator
