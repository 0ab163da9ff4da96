"$gradus" train label_out_of_range.model -q -o "$work/run"
