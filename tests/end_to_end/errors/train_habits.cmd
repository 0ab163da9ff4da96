"$gradus" train train_habits.model --only T -q -o "$work/run"
"$gradus" train train_habits.model --only Settings -q -o "$work/run"
