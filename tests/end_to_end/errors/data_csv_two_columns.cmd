printf 'a,a\n1,2\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x, y'
