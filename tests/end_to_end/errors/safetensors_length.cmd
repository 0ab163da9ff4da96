printf '\377\377\377\377\377\377\377\177{}' > "$work/h.safetensors"
"$gradus" train ../../../examples/iris.gradus -q --checkpoint "$work/h.safetensors" --overwrite -o "$work/run"
