set -e
"$gradus" train warn_pairs_of_rows.model --only Pairs -q -o "$work/run"
"$gradus" train warn_pairs_of_rows.model --only Decoys -q -o "$work/run"
"$gradus" train warn_pairs_of_rows.model --only OneRow -q -o "$work/run"
