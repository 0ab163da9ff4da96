#!/usr/bin/env bash
# Integers beyond 2^53 and element types that a program cannot hold, through the command line.
set -uo pipefail
gradus=$1 work=$2
rm -rf "$work" && mkdir -p "$work"
cd "$work" || exit 1
failed=0
expect() { # expect NAME EXPECTED FOUND
  [[ "$3" == *"$2"* ]] || { printf '%s: expected\n%s\nfound\n%s\n' "$1" "$2" "$3" >&2; failed=1; }
}

cat > integers.gradus <<'EOF'
program integers {
  even = i64(iota(1)) + 9007199254740992
  large = even + 1
  print large
  expect large == even + 1
  expect large > even
  expect large != even
  expect even * 1024 < 0
  expect max(9007199254740992, 9007199254740993) - 9007199254740992 == 1
}
EOF
for engine in "" --evaluator --verify-each=numeric; do
  expect "integers $engine" 'large = [9007199254740993]' "$("$gradus" run integers.gradus $engine 2>&1)"
  expect "integers $engine" '5 of 5 expectations hold' "$("$gradus" run integers.gradus $engine 2>&1)"
done

cat > failing.gradus <<'EOF'
program failing {
  even = i64(iota(1)) + 9007199254740992
  expect even + 1 == even
}
EOF
expect failing 'found 9007199254740993, expected 9007199254740992, off by 1' "$("$gradus" run failing.gradus 2>&1)"

echo 'graph @g () { %0 = constant {element=i64, shape=[], value=9007199254740993} : i64[]  return %0 }' > one.gir
expect one '= 9007199254740993' "$("$gradus" run one.gir 2>&1)"

# The element type that an index needs.
printf 'program p {\n  x = iota(2147483649)\n  print x[0]\n}\n' > long.gradus
expect 'iota of more than i32 holds' 'i64[2147483649]' "$("$gradus" dump long.gradus --stage=forward 2>&1)"

# Sixteen-bit floats inside of a graph; at its border a diagnostic.
cat > short.gir <<'EOF'
graph @g () {
  %0 = constant {element=f32, shape=[3], values=[1.01,300.7,1e-40]} : f32[3]
  %1 = cast %0 {to=bf16} : bf16[3]
  %2 = add %1, %1 : bf16[3]
  %3 = cast %2 {to=f32} : f32[3]
  %4 = sum %3 {axes=[0]} : f32[]
  return %4
}
EOF
expect 'bf16 inside' '= 602.015625' "$("$gradus" run short.gir 2>&1)"
echo 'graph @g () { %0 = constant {element=bf16, shape=[], value=1.5} : bf16[]  return %0 }' > border.gir
found=$("$gradus" run border.gir 2>&1)
expect 'exit of a bf16 result' 2 $?
expect 'a bf16 result' 'bf16 is not available here' "$found"
exit $failed
