"$gradus" train train_block.model -q --overwrite -o "$work/train_block"
