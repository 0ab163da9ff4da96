"$gradus" train ../../../examples/iris.gradus -q --checkpoint /dev/zero --overwrite -o "$work/run"
