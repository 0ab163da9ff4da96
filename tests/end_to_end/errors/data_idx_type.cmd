printf '\0\0\7\1\0\0\0\1a' > "$work/x.idx"
. ./data.inc 'idx(x: "x.idx") -> x'
