printf 'abc' > "$work/a.txt"
. ./data.inc 'text("a.txt", window: 64) -> token, next'
