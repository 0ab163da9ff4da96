printf 'a b\tx y\nc d\t\n' > "$work/a.tsv"
. ./data.inc 'sentence_pairs("a.tsv") -> source, target'
