"$gradus" train parameters.model -q --overwrite -o "$work/parameters"
