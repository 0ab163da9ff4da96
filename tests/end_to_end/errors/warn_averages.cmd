set -e
"$gradus" train warn_averages.model --only Young -q --overwrite -o "$work/young"
"$gradus" train warn_averages.model --only Quick -q --overwrite -o "$work/run"
"$gradus" train warn_averages.model --only Own -q --overwrite -o "$work/run"
# Steps of an earlier run count, averages that were loaded are none of this one's.
"$gradus" train warn_averages.model --only Young --checkpoint "$work/young/checkpoint.safetensors" --set epochs=150 -q --overwrite -o "$work/run"
"$gradus" train warn_averages.model --only Young --initialize "$work/young/checkpoint.safetensors" -q --overwrite -o "$work/run"
