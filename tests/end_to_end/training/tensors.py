"""Which tensors of two safetensors files have other bytes: tensors.py A B PREFIX… prints `same` or `differ` for each."""
import json
import struct
import sys


def read(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        data = file.read()
    return {name: data[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}


first, second = read(sys.argv[1]), read(sys.argv[2])
for prefix in sys.argv[3:]:
    names = [name for name in first if name.startswith(prefix + ".")]
    assert names, prefix
    print(prefix, "same" if all(first[name] == second[name] for name in names) else "differ")
