"$gradus" train same_name.model -q --overwrite -o "$work/run"
