mkdir "$work/mnist"
. ./data.inc 'mnist("mnist") -> image, label'
