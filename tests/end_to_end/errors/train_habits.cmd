"$gradus" train train_habits.model --only T -q --overwrite -o "$work/run"
"$gradus" train train_habits.model --only Settings -q --overwrite -o "$work/run"
