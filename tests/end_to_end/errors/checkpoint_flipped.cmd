"$gradus" train ../../../examples/xor.gradus -q --set epochs=1 --overwrite -o "$work/flipped" > /dev/null 2>&1
python3 -c '
import sys
path = sys.argv[1] + "/flipped/checkpoint.safetensors"
data = bytearray(open(path, "rb").read())
data[-1] ^= 1
open(path, "wb").write(data)' "$work"
"$gradus" train ../../../examples/xor.gradus -q --checkpoint "$work/flipped/checkpoint.safetensors" --overwrite -o "$work/run"
