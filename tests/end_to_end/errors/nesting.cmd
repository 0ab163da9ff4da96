python3 -c "print('program p {\n  x = ' + '(' * 3000 + '1' + ')' * 3000 + '\n}')" > "$work/nesting.gradus"
"$gradus" run "$work/nesting.gradus"
