printf 'a\n1\n1e39\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x'
