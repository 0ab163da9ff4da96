printf 'a,b\n1,-nan\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x, y'
