mkdir -p "$work/images/a"
rm -f "$work"/images/a/*
echo iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgYGRgYgYAABEAB4PKZGQAAAAASUVORK5CYII= | base64 -d > "$work/images/a/1.png"
echo iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAAAAAC4HznGAAAAEElEQVR42mNgYGRiYGZhBQAALgAQ+tjHDAAAAABJRU5ErkJggg== | base64 -d > "$work/images/a/2.png"
. ./data.inc 'image_folder("images") -> image, label'
