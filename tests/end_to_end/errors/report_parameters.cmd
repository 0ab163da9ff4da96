"$gradus" train report_parameters.model -q --overwrite -o "$work/run"
