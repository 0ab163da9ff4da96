set -e
"$gradus" train warn_averages.model --only Young -q -o "$work/young"
"$gradus" train warn_averages.model --only Quick -q -o "$work/run"
"$gradus" train warn_averages.model --only Own -q -o "$work/run"
# Steps of an earlier run count, averages that were loaded are none of this one's.
"$gradus" train warn_averages.model --only Young --checkpoint "$work/young/checkpoint.safetensors" --set epochs=150 -q -o "$work/run"
"$gradus" train warn_averages.model --only Young --initialize "$work/young/checkpoint.safetensors" -q -o "$work/run"
