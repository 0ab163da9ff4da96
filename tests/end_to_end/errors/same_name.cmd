"$gradus" train same_name.model -q -o "$work/run"
