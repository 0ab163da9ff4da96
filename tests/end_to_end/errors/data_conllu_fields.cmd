printf '# text = Go\n1\tGo\t_\tVERB\t_\t_\t_\t_\t_\t_\n2\taway\n' > "$work/a.conllu"
. ./data.inc 'tagged_text("a.conllu") -> token, tag'
