"$gradus" train model_paths.model -o "$work/run"
