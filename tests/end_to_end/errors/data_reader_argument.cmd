printf 'a,b\n1,2\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv", standardise: true) -> x, y'
