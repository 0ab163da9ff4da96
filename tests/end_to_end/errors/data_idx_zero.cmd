printf '\0\0\10\3\0\0\0\3\0\0\0\0\0\0\0\2' > "$work/x.idx"
. ./data.inc 'idx(x: "x.idx") -> x'
