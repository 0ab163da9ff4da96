mkdir -p "$work/classes/a"
rm -f "$work"/classes/a/*
mkdir -p "$work/classes/b"
. ./data.inc 'image_folder("classes") -> image, label'
