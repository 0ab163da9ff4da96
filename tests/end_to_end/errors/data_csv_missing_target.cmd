printf 'a,b\n1,2\n3,\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv", target: "b", missing: mean) -> x, y'
. ./data.inc 'csv("a.csv", target: "b", missing: 0) -> x, y'
. ./data.inc 'csv("a.csv", columns: [category("b")], missing: mean) -> x'
