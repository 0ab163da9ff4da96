mkdir -p "$work/images/a"
rm -f "$work"/images/a/*
printf 'JFIF' > "$work/images/a/1.png"
. ./data.inc 'image_folder("images") -> image, label'
