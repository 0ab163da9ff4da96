"$gradus" run in_lesson.gradus --check-numerics
