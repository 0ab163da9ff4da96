printf 'a;b;c\n1;2;3\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv", target: "c") -> x, y'
printf 'a;b\n1,5;2\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv", target: "b") -> x, y'
printf '1,2,3\n4,5,6\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv", target: "c") -> x, y'
. ./data.inc 'csv("a.csv", header: false, target: "c") -> x, y'
