printf 'PNG?' > "$work/x.idx"
. ./data.inc 'idx(x: "x.idx") -> x'
