python3 ../bad_numbers.py data "$work/inf.npz" target inf
"$gradus" train inf_in_data.gradus --data "$work/inf.npz" --check-numerics -q --overwrite -o "$work/run"
