set -e
"$gradus" train warn_penalties.model --only Lost -q --overwrite -o "$work/run"
"$gradus" train warn_penalties.model --only TooEarly -q --overwrite -o "$work/run"
"$gradus" train warn_penalties.model --only Reported -q --overwrite -o "$work/run"
"$gradus" train warn_penalties.model --only Decoy -q --overwrite -o "$work/run"
"$gradus" train warn_penalties.model --only Written -q --overwrite -o "$work/run"
