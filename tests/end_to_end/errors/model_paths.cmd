"$gradus" train model_paths.model --overwrite -o "$work/run"
