"$gradus" train train_block.model --threads=-2
