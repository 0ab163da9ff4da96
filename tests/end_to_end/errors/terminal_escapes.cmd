# Whatever comes from outside may hold what a terminal obeys: names of files, options, settings, strings, a dtype.
red=$'\e[31m' bell=$'\a' broken=$'\xff'
"$gradus" run "no${red}such${broken}file.gradus"
"$gradus" run --no"${red}such" lesson
"$gradus" run "$(printf 'a%.0s' {1..3000}).gradus"
printf 'train T {\n  data rows(x: [[1.0]]) -> x\n  minimize mean(x) with sgd(0.1)\n}\n' > "$work/escapes.gradus"
"$gradus" train "$work/escapes.gradus" --set "ep${red}ochs=3"
"$gradus" train "$work/escapes.gradus" --set "epochs=${red}3"
printf 'program p {\n  x = "%s" + y%s\n}\n' "${bell}caf${broken}" "$red" > "$work/escapes.gradus"
"$gradus" run "$work/escapes.gradus"
printf 'graph @g (%%x: f%s[2]) {\n  return %%x\n}\n' "$red" > "$work/escapes.gir"
"$gradus" run "$work/escapes.gir"
