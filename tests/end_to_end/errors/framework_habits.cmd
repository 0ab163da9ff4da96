"$gradus" train framework_habits.model --only M -q --overwrite -o "$work/run"
"$gradus" train framework_habits.model --only Image -q --overwrite -o "$work/run"
"$gradus" train framework_habits_in_syntax.model -q --overwrite -o "$work/run"
