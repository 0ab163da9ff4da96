printf '\100\0\0\0\0\0\0\0{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}            1234' > "$work/h.safetensors"
"$gradus" train ../../../examples/iris.gradus -q --checkpoint "$work/h.safetensors" --overwrite -o "$work/run"
