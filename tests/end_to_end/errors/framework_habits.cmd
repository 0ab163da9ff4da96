"$gradus" train framework_habits.model --only M -q -o "$work/run"
"$gradus" train framework_habits.model --only Image -q -o "$work/run"
"$gradus" train framework_habits_in_syntax.model -q -o "$work/run"
