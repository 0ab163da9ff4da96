printf '\2\0\0\0\0\0\0\0{]' > "$work/h.safetensors"
"$gradus" train ../../../examples/iris.gradus -q --checkpoint "$work/h.safetensors" --overwrite -o "$work/run"
