printf 'garbage' > "$work/short.safetensors"
"$gradus" train ../../../examples/iris.gradus --checkpoint "$work/short.safetensors" --overwrite -o "$work/run"
