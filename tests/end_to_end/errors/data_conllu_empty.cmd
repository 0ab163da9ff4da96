printf '# nothing\n' > "$work/a.conllu"
. ./data.inc 'tagged_text("a.conllu") -> token, tag'
