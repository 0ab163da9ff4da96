echo H4sIAAAAAAACA0vUSeIy1DHiAgB7B5YKCAAAAA== | base64 -d > "$work/d.csv.gz"
. ./data.inc 'csv("d.csv.gz") -> x, y'
