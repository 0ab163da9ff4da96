# As many indices as the batch has rows, but they come from a state: no row is to blame. Those of data name theirs.
"$gradus" train indices_of_no_row.model --only State -q --overwrite -o "$work/rows" && exit 1
"$gradus" train indices_of_no_row.model --only Loop -q --overwrite -o "$work/rows" && exit 1
"$gradus" train indices_of_no_row.model --only Data -q --overwrite -o "$work/rows"
