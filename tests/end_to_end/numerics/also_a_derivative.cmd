"$gradus" run also_a_derivative.gradus --check-numerics
