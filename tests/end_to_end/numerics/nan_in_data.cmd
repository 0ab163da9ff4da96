python3 ../bad_numbers.py data "$work/nan.npz" x nan
"$gradus" train nan_in_data.gradus --data "$work/nan.npz" --check-numerics -q --overwrite -o "$work/run"
