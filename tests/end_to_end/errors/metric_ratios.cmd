# Totals with and without what equal values share.
"$gradus" train metric_ratios.model --only Taken -q --overwrite -o "$work/ratios" || exit 1
"$gradus" train metric_ratios.model --only Taken --no-memo -q --overwrite -o "$work/ratios" || exit 1
