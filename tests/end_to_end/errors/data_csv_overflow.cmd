printf 'a,b\n1,1e999\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x, y'
