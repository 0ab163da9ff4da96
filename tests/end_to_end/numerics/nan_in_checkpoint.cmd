"$gradus" train nan_in_checkpoint.gradus -q --overwrite -o "$work/run"
python3 ../bad_numbers.py checkpoint "$work/run/checkpoint.safetensors" "$work/bad.safetensors"
"$gradus" train nan_in_checkpoint.gradus --checkpoint "$work/bad.safetensors" --set epochs=9 --check-numerics -q --overwrite -o "$work/run"
