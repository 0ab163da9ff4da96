"$gradus" train metric_totals.model --no-memo -q --overwrite -o "$work/totals" 2> /dev/null && exit 1
"$gradus" train metric_totals.model -q --overwrite -o "$work/totals"
