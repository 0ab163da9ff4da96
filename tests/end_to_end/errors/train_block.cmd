"$gradus" train train_block.model -q -o "$work/train_block"
