"$gradus" train train_without_data.model -q --overwrite -o "$work/train_without_data"
