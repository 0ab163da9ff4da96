"$gradus" train label_out_of_range.model -q --overwrite -o "$work/run"
