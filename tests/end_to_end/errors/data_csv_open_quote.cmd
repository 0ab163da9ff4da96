printf 'a,b\n1,"2\n3,4\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x, y'
