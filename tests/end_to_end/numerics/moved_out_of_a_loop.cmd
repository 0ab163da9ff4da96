"$gradus" run moved_out_of_a_loop.gradus --check-numerics
