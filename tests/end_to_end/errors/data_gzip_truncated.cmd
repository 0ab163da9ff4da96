printf 'a,b\n1,2\n' | gzip -nc | head -c 20 > "$work/a.csv.gz"
. ./data.inc 'csv("a.csv.gz") -> x, y'
