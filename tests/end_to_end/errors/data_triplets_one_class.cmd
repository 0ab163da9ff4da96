mkdir -p "$work/one/a"
rm -f "$work"/one/a/*
echo iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgYGRgYgYAABEAB4PKZGQAAAAASUVORK5CYII= | base64 -d > "$work/one/a/1.png"
. ./data.inc 'triplets("one") -> a, p, n'
