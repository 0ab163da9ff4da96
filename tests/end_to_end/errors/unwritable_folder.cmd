: > "$work/file"
"$gradus" train ../../../examples/iris.gradus -q -o "$work/file/run"
