mkdir -p "$work/images/a"
rm -f "$work"/images/a/*
echo iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgYGRgYgYAABEAB4PKZGQAAAAASUVORK5CYII= | base64 -d | head -c 50 > "$work/images/a/1.png"
. ./data.inc 'image_folder("images") -> image, label'
