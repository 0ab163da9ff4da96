printf 'a\nnan(ind)\n' > "$work/a.csv"
. ./data.inc 'csv("a.csv") -> x'
