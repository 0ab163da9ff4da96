set -e
"$gradus" train warn_pairs_of_rows.model --only Pairs -q --overwrite -o "$work/run"
"$gradus" train warn_pairs_of_rows.model --only Decoys -q --overwrite -o "$work/run"
"$gradus" train warn_pairs_of_rows.model --only OneRow -q --overwrite -o "$work/run"
