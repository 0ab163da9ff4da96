"$gradus" run sine_of_infinity.gradus --check-numerics
