printf '1\tGo\t_\tVB\t_\t_\t_\t_\t_\t_\n' > "$work/a.conllu"
. ./data.inc 'tagged_text("a.conllu") -> token, tag'
