"$gradus" train ../../../examples/iris.gradus -q --data /dev/zero -o "$work/run"
