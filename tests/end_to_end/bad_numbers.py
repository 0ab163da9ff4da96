#!/usr/bin/env python3
"""Faults in files: bad_numbers.py data FILE.npz COLUMN nan|inf; bad_numbers.py checkpoint FROM TO."""
import array
import json
import sys
import zipfile


def npy(values, shape):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': (%s), }" % "".join("%d, " % n for n in shape)
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + array.array("f", values).tobytes()


def data(path, column, number):
    values = {"x": [i / 16 for i in range(16)], "target": [0.0] * 8}
    values[column][5] = float(number)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", npy(values["x"], [8, 2]))
        archive.writestr("target.npy", npy(values["target"], [8, 1]))


def checkpoint(source, target):
    content = bytearray(open(source, "rb").read())
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    parts = content[8 + size :]
    begin = header["dense_1.weight"]["data_offsets"][0]
    parts[begin : begin + 4] = array.array("f", [float("nan")]).tobytes()
    # As a diverged run would have saved it: the number is no damage that a checksum should find.
    metadata = header.get("__metadata__", {})
    header["__metadata__"] = {key: value for key, value in metadata.items() if not key.startswith("crc32")}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    open(target, "wb").write(len(text).to_bytes(8, "little") + text + parts)


{"data": data, "checkpoint": checkpoint}[sys.argv[1]](*sys.argv[2:])
