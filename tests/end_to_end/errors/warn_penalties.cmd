set -e
"$gradus" train warn_penalties.model --only Lost -q -o "$work/run"
"$gradus" train warn_penalties.model --only TooEarly -q -o "$work/run"
"$gradus" train warn_penalties.model --only Reported -q -o "$work/run"
"$gradus" train warn_penalties.model --only Decoy -q -o "$work/run"
"$gradus" train warn_penalties.model --only Written -q -o "$work/run"
