"$gradus" train train_without_data.model -q -o "$work/train_without_data"
