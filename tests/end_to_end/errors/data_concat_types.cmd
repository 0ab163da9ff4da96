printf 'a,b\n1,2\n' > "$work/a.csv"
printf 'a\n1\n' > "$work/b.csv"
. ./data.inc 'concat([csv("a.csv"), csv("b.csv")]) -> x, y'
