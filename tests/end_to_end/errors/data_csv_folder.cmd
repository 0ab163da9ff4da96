mkdir "$work/folder.csv"
. ./data.inc 'csv("folder.csv") -> x'
