printf 'one\tGo\t_\tVERB\t_\t_\t_\t_\t_\t_\n' > "$work/a.conllu"
. ./data.inc 'tagged_text("a.conllu") -> token, tag'
