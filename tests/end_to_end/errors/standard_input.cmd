# Standard input that is no text, or does not end, is refused before it fills the memory.
export GRADUS_MEMORY=80M
timeout 20 "$gradus" dump - < /dev/zero
yes 'program p { print 1 }' | timeout 20 "$gradus" dump - 2>&1 | sed 's/only .* are/only … are/' >&2
printf 'program p {\n  # \0\n  print 1\n}\n' | "$gradus" run -
