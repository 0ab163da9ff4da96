. ./data.inc 'cvs("a.csv") -> x'
