printf 'a\nb\n' > "$work/a.en"
printf 'x\n' > "$work/a.de"
. ./data.inc 'sentence_pairs("a.en", "a.de") -> source, target'
