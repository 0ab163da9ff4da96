printf 'a,b\n1,\351\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x, y'
