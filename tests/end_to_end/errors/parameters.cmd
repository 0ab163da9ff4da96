"$gradus" train parameters.model -q -o "$work/parameters"
