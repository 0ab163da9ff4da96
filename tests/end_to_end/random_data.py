#!/usr/bin/env python3
"""Writes an NPZ file of random columns: random_data.py FILE ROWS NAME=KIND:SHAPE…

KIND is f for normal numbers, iN for integers below N; SHAPE is of one row, 8x8x1, or empty.
"""
import array
import math
import random
import sys
import zipfile


def npy(kind, shape, rows):
    count = rows * math.prod(shape)
    if kind == "f":
        values = array.array("f", (random.gauss(0, 1) for _ in range(count)))
    else:
        values = array.array("i", (random.randrange(int(kind[1:])) for _ in range(count)))
    sizes = ", ".join(str(size) for size in [rows, *shape])
    header = "{'descr': '<%s4', 'fortran_order': False, 'shape': (%s,), }" % (kind[0], sizes)
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + values.tobytes()


random.seed(1)
with zipfile.ZipFile(sys.argv[1], "w") as archive:
    for column in sys.argv[3:]:
        name, form = column.split("=")
        kind, _, axes = form.partition(":")
        shape = [int(size) for size in axes.split("x")] if axes else []
        archive.writestr(name + ".npy", npy(kind, shape, int(sys.argv[2])))
