"$gradus" train ../../../examples/iris.gradus -q --data /dev/zero --overwrite -o "$work/run"
