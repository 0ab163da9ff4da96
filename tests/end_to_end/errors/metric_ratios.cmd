# Also where equal values are not one.
"$gradus" train metric_ratios.model --only Taken -q -o "$work/ratios" || exit 1
"$gradus" train metric_ratios.model --only Taken --no-memo -q -o "$work/ratios" || exit 1
"$gradus" train metric_ratios.model --only Refused --no-memo -q -o "$work/ratios" 2> /dev/null && exit 1
"$gradus" train metric_ratios.model --only Refused -q -o "$work/ratios"
