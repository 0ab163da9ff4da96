: > "$work/file"
"$gradus" train ../../../examples/iris.gradus -q --overwrite -o "$work/file/run"
