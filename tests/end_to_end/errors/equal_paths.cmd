"$gradus" train equal_paths.model -q -o "$work/equal_paths"
