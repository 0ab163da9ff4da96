mkdir "$work/counts"
printf '\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\1a' > "$work/counts/train-images-idx3-ubyte"
printf '\0\0\10\1\0\0\0\2ab' > "$work/counts/train-labels-idx1-ubyte"
. ./data.inc 'mnist("counts") -> image, label'
