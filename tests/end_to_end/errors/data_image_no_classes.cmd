mkdir -p "$work/flat"
. ./data.inc 'image_folder("flat") -> image, label'
