python3 -c "print('program p {\n  x = ' + ' + '.join(['1'] * 5000) + '\n}')" > "$work/chain.gradus"
"$gradus" run "$work/chain.gradus"
