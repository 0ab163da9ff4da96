"$gradus" train report_parameters.model -q -o "$work/run"
