awk 'BEGIN { for (i = 1; i <= 200000; ++i) printf "%s%d", (i > 1 ? "," : ""), i; print ""; for (i = 1; i <= 200000; ++i) printf "%s1", (i > 1 ? "," : ""); print "" }' > "$work/wide.csv"
. ./data.inc 'csv("wide.csv") -> x, y'
