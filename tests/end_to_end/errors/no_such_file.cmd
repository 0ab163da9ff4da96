"$gradus" run "$work/none.gradus"
