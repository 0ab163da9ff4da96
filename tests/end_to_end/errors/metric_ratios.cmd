"$gradus" train metric_ratios.model --only Taken -q -o "$work/ratios" || exit 1
"$gradus" train metric_ratios.model --only Refused -q -o "$work/ratios"
