printf '\0\0\10\2\0\0\0\2\0\0\0\3abcde' > "$work/x.idx"
. ./data.inc 'idx(x: "x.idx") -> x'
