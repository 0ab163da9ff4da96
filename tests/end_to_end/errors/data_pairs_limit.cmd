printf 'a b c\tx\n' > "$work/a.tsv"
. ./data.inc 'sentence_pairs("a.tsv", limit: 3) -> source, target'
