#!/usr/bin/env python3
"""What a model predicts from raw rows is what the table of its training says: predictions.py GRADUS SOURCE WORK.

The rows are the bundled ones as their files hold them, in another file; the preparation is that of the checkpoint.
"""
import array
import csv
import gzip
import math
import pathlib
import shutil
import subprocess
import sys
import zipfile

gradus, source, work = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)

DIGITS = """
model Net(image: [batch, 10, 10, 1]) -> logits { logits = image |> flatten |> dense(10) }
train Net {
  data digits(pad_to: 10, standardize: true) -> image, label
  image = reverse(4 * image - 2, 1)
  batch = 100
  epochs = 2
  loss = sparse_categorical_cross_entropy(logits, label)
  metric accuracy = mean(argmax(logits) == label)
  minimize loss with adam(0.01)
}
"""
IRIS = """
model Net(record: [batch, 5]) -> logits { logits = dense(record, 3) }
train Net {
  data iris(scale: true, standardize: true, bias: true) -> record, label
  record = record * 3
  batch = 16
  epochs = 3
  loss = sparse_categorical_cross_entropy(logits, label)
  metric accuracy = mean(argmax(logits) == label)
  minimize loss with adam(0.1)
}
"""


def run(*arguments):
    return subprocess.run([gradus, *arguments], cwd=work, capture_output=True, text=True)


def npy(code, values, shape):
    sizes = ", ".join(str(size) for size in shape)
    header = "{'descr': '<%s', 'fortran_order': False, 'shape': (%s,), }" % (code, sizes)
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    kind = {"f4": "f", "f8": "d", "i4": "i"}[code]
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + array.array(kind, values).tobytes()


def write_npz(name, columns):
    with zipfile.ZipFile(work / name, "w") as archive:
        for column, (code, values, shape) in columns.items():
            archive.writestr(column + ".npy", npy(code, values, shape))


def logits_of(name):
    with zipfile.ZipFile(work / name) as archive:
        raw = archive.read("logits.npy")
    return raw[10 + int.from_bytes(raw[8:10], "little"):]


def check(name, text, rows, label, column, code, shape):
    (work / f"{name}.gradus").write_text(text)
    trained = run("train", f"{name}.gradus", "-q", "-o", name)
    assert trained.returncode == 0, trained.stderr
    table = {line.split()[0]: line.split()[-1] for line in trained.stdout.splitlines() if len(line.split()) == 3}
    test = [row for i, row in enumerate(rows) if i % 5 == 4]
    labels = [label(row) for row in test]
    write_npz("raw.npz", {column: (code, [float(x) for row in test for x in row[:-1]], [len(test), *shape]),
                          "label": ("i4", labels, [len(test)])})
    outputs = []
    for data in ([], ["--data", "raw.npz"], ["--data", "raw.npz", "--set", "batch=1"], ["--data", "raw.npz", "--set", "batch=7"]):
        predicted = run("train", f"{name}.gradus", "--checkpoint", f"{name}/checkpoint.safetensors",
                        "--predictions", "out.npz", *data)
        assert predicted.returncode == 0, predicted.stderr
        outputs.append(logits_of("out.npz"))
    assert all(output == outputs[0] for output in outputs), "the same rows have other predictions"
    logits = array.array("f", outputs[0])
    width = len(logits) // len(test)
    right = sum(max(range(width), key=lambda k: logits[i * width + k]) == labels[i] for i in range(len(test)))
    assert table["accuracy"] == f"{right / len(test):.6g}", (table, right, len(test))
    assert 0.3 < right / len(test), right


with gzip.open(source / "runtime/data/files/digits.csv.gz", "rt") as file:
    digits = list(csv.reader(file))
check("digits", DIGITS, digits, lambda row: int(row[-1]), "image", "f8", [8, 8, 1])
with open(source / "runtime/data/files/iris.csv") as file:
    iris = list(csv.reader(file))[1:]
check("iris", IRIS, iris, lambda row: int(row[-1]), "record", "f4", [4])
