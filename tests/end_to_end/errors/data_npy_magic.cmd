printf 'NUMPY' > "$work/x.npy"
. ./data.inc 'npy(x: "x.npy") -> x'
