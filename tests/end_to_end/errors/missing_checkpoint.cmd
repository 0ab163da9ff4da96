"$gradus" train ../../../examples/iris.gradus --checkpoint "$work/none.safetensors" -o "$work/run"
