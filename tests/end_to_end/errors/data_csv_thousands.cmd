printf 'a,b\n1,"1,000"\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv", target: "b") -> x, y'
