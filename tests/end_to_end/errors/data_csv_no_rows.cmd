printf 'a,b\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x, y'
