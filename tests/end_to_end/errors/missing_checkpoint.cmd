"$gradus" train ../../../examples/iris.gradus --checkpoint "$work/none.safetensors" --overwrite -o "$work/run"
