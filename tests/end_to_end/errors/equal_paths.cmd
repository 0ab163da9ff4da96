"$gradus" train equal_paths.model -q --overwrite -o "$work/equal_paths"
