mkdir -p "$work/parts/train/rose" "$work/parts/val/rose"
. ./data.inc 'image_folder("parts") -> image, label'
