"$gradus" train train_block.model --only M -q -o "$work/run" --set epochs=ten
