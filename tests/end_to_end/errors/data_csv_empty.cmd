printf '' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x, y'
