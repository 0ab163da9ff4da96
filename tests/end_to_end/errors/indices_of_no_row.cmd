# As many indices as the batch has rows, but they come from a state: no row is to blame. Those of data name theirs.
"$gradus" train indices_of_no_row.model --only State -q -o "$work/rows" && exit 1
"$gradus" train indices_of_no_row.model --only Loop -q -o "$work/rows" && exit 1
"$gradus" train indices_of_no_row.model --only Data -q -o "$work/rows"
