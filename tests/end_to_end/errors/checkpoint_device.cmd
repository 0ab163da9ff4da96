"$gradus" train ../../../examples/iris.gradus -q --checkpoint /dev/zero -o "$work/run"
