"$gradus" train ../../../examples/iris.gradus --epochs 5
