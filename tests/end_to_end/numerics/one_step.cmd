"$gradus" run one_step.gradus --check-numerics
