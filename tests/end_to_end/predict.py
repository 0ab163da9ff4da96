#!/usr/bin/env python3
"""What a trained model predicts from raw rows is what the table of its training says: predict.py GRADUS SOURCE WORK.

Rows are given as any reader takes them, from the run folder alone: the program text is gone when they are.
"""
import array
import csv
import gzip
import io
import json
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import zipfile
import zlib

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


def train(name, text):
    """The metrics of the table, by part; afterwards only the folder of the run is left."""
    (work / f"{name}.gradus").write_text(text)
    trained = run("train", f"{name}.gradus", "-q", "-o", name)
    assert trained.returncode == 0, trained.stderr
    lines = [line.split() for line in trained.stdout.splitlines()]
    header = next(i for i, line in enumerate(lines) if line[:1] == ["train"])
    parts = lines[header]
    table = {part: {} for part in parts}
    for line in lines[header + 1:]:
        if len(line) != len(parts) + 1:
            break
        for part, value in zip(parts, line[1:]):
            table[part][line[0]] = value
    (work / f"{name}.gradus").unlink()
    return table


def predict(name, *arguments):
    predicted = run("predict", name, *arguments)
    assert predicted.returncode == 0, predicted.stderr
    return predicted.stdout


def table_of(text):
    return list(csv.DictReader(io.StringIO(text)))


def refused(message, *arguments, code=2):
    result = run(*arguments)
    assert result.returncode == code, (arguments, result)
    assert message in result.stderr, (message, result.stderr)


def evaluated(name, *arguments):
    result = run("evaluate", name, "--json", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def as_in_table(metrics):
    return {name: f"{value:.6g}" for name, value in metrics.items() if name != "rows"}


def check_bundled(name, text, rows, column, code, shape):
    table = train(name, text)
    test = [row for i, row in enumerate(rows) if i % 5 == 4]
    labels = [int(row[-1]) for row in test]
    write_npz("raw.npz", {column: (code, [float(x) for row in test for x in row[:-1]], [len(test), *shape]),
                          "label": ("i4", labels, [len(test)])})
    write_npz("unlabelled.npz", {column: (code, [float(x) for row in test for x in row[:-1]], [len(test), *shape])})
    with open(work / "raw.csv", "w") as file:
        file.write(",".join(f"c{i}" for i in range(len(test[0]) - 1)) + "\n")
        file.writelines(",".join(row[:-1]) + "\n" for row in test)
    outputs = []
    for data in [[], ["--data", "raw.npz"], ["--data", "unlabelled.npz"], ["--data", "raw.npz", "--set", "batch=1"],
                 ["--data", "raw.npz", "--set", "batch=7"]] + ([["--data", "raw.csv"]] if code == "f8" else []):
        predict(name, "-o", "out.npz", *data)
        outputs.append(logits_of("out.npz"))
    assert all(output == outputs[0] for output in outputs), "the same rows have other predictions"
    logits = array.array("f", outputs[0])
    width = len(logits) // len(test)
    right = sum(max(range(width), key=lambda k: logits[i * width + k]) == labels[i] for i in range(len(test)))
    assert table["test"]["accuracy"] == f"{right / len(test):.6g}", (table, right, len(test))
    assert 0.3 < right / len(test), right
    assert as_in_table(evaluated(name)["test"]) == table["test"]
    assert as_in_table(evaluated(name, "--data", "raw.npz")["data"]) == table["test"]
    refused("has no array 'label'", "evaluate", name, "--data", "unlabelled.npz")


with gzip.open(source / "runtime/data/files/digits.csv.gz", "rt") as file:
    digits = list(csv.reader(file))
check_bundled("digits", DIGITS, digits, "image", "f8", [8, 8, 1])
with open(source / "runtime/data/files/iris.csv") as file:
    iris = list(csv.reader(file))[1:]
check_bundled("iris", IRIS, iris, "record", "f4", [4])

# --- CSV: categories, missing values, a target of words, random changes of training rows.
CSV = """
model Net(body: [batch, 2], island: i32[batch]) -> logits {
  logits = dense(concat([body, one_hot(island, 3)], 1), 2)
}
train Net {
  data csv("animals.csv", columns: [numbers("weight", "length"), category("island")], target: category("kind"),
           missing: mean, standardize: true) -> body, island, label
  split(test: 0.25)
  batch = 16
  epochs = 20
  body = if training { body + 0.1 * normal(shape(body)) } else { body }
  loss = sparse_categorical_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  metric recall = recall(argmax(logits) == 1, label == 1)
  minimize loss with adam(0.05)
}
"""
random.seed(5)
animals = []
for i in range(120):
    kind = random.choice(["owl, snowy", "wren"])
    big = kind != "wren"
    animals.append({"kind": kind, "weight": random.gauss(2000 if big else 10, 3 if not big else 200),
                    "length": "" if i % 11 == 0 else random.gauss(60 if big else 9, 2),
                    "island": random.choice(["Skye", "Mull", "Rum"])})


def write_csv(name, rows, columns):
    with open(work / name, "w", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


write_csv("animals.csv", animals, ["kind", "weight", "length", "island"])
table = train("animals", CSV)
assert float(table["test"]["accuracy"]) > 0.9, table
own = predict("animals", "-o", "own.npz")
assert as_in_table(evaluated("animals")["test"]) == table["test"]
(work / "animals.csv").unlink()
# Other order, a column more, no target; two files below each other.
columns = ["island", "comment", "length", "weight"]
write_csv("new.csv", [{**row, "comment": "?"} for row in animals], columns)
write_csv("first.csv", animals[:50], columns)
write_csv("second.csv", animals[50:], columns)
whole = predict("animals", "--data", "new.csv")
assert whole == predict("animals", "--data", "first.csv", "second.csv") == predict("animals", "--data", "new.csv", "--set", "batch=1")
assert whole == predict("animals/checkpoint.safetensors", "--data", "new.csv")
rows = table_of(whole)
assert list(rows[0]) == ["predicted_label", "logits.owl, snowy", "logits.wren"], rows[0]
for row in rows:
    assert row["predicted_label"] == max(("owl, snowy", "wren"), key=lambda kind: float(row[f"logits.{kind}"])), row
write_csv("labelled.csv", animals, ["kind", *columns])
right = sum(row["predicted_label"] == animal["kind"] for row, animal in zip(rows, animals)) / len(animals)
assert as_in_table(evaluated("animals", "--data", "labelled.csv")["data"])["accuracy"] == f"{right:.6g}"
write_csv("one.csv", [{**animals[3], "island": "Iona"}], columns)
refused("the model knows no 'Iona'", "predict", "animals", "--data", "one.csv")
refused("it was trained on Mull, Rum, Skye", "predict", "animals", "--data", "one.csv")
write_csv("one.csv", [animals[3]], ["island", "length"])
refused("weight", "predict", "animals", "--data", "one.csv")
refused("--output is 'out.txt'", "predict", "animals", "--data", "new.csv", "-o", "out.txt")
assert not (work / "out.txt").exists()

# --- Texts: words of the training alone, sentences one a line.
TAGS = """
model Tagger(token: i32[batch, length]) -> logits { logits = token |> embedding(9, 8) |> dense(17) }
train Tagger {
  data tagged_text("train.conllu", limit: 5, vocabulary: 9) -> token, tag
  batch = 4
  epochs = 30
  known = token != 0
  loss = mean(where(known, sparse_categorical_cross_entropy(logits, tag, reduce: identity), 0.0))
  metric right = ratio(sum(known and argmax(logits) == tag), sum(known))
  minimize loss with adam(0.1)
}
"""
sentences = [[("the", "DET"), ("cat", "NOUN"), ("sleeps", "VERB")], [("a", "DET"), ("dog", "NOUN")]] * 6


def conllu(all):
    return "\n".join("".join(f"{i + 1}\t{word}\t_\t{tag}\t_\t_\t_\t_\t_\t_\n" for i, (word, tag) in enumerate(one)) for one in all)


(work / "train.conllu").write_text(conllu(sentences))
table = train("tags", TAGS)
assert table["train"]["right"] == "1", table
(work / "train.conllu").unlink()
(work / "new.txt").write_text("a cat\nthe dog sleeps\nthe zebra sleeps\n")
rows = table_of(predict("tags", "--data", "new.txt"))
assert [row["predicted_tag"] for row in rows][:2] == ["DET NOUN", "DET NOUN VERB"], rows
assert [row["predicted_tag"].split()[0] for row in rows] == ["DET"] * 3
(work / "new.conllu").write_text(conllu([[("a", "DET"), ("cat", "VERB")]]))
assert evaluated("tags", "--data", "new.conllu")["data"]["right"] == 0.5

# --- Images: a folder for each class in training, any folder or files afterwards.
IMAGES = """
model Net(image: [batch, 4, 4, 1]) -> logits { logits = image |> flatten |> dense(3) }
train Net {
  data image_folder("shapes", size: 4) -> image, label
  batch = 4
  epochs = 40
  loss = sparse_categorical_cross_entropy(logits, label)
  metric accuracy = accuracy(logits, label)
  minimize loss with adam(0.1)
}
"""


def png(path, pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = b"".join(b"\0" + bytes(line) for line in pixels)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def shape(kind, k):
    return [[200 + k if {"left": x < 2, "right": x >= 2, "top": y < 2}[kind] else k for x in range(4)] for y in range(4)]


for kind in ("left", "right", "top"):
    for k in range(4):
        png(work / "shapes" / kind / f"{k}.png", shape(kind, k))
table = train("shapes-run", IMAGES)
assert table["train"]["accuracy"] == "1", table
shutil.rmtree(work / "shapes")
png(work / "new" / "b.png", shape("top", 7))
png(work / "new" / "a.png", shape("left", 9))
rows = table_of(predict("shapes-run", "--data", "new"))
assert [(row["file"], row["predicted_label"]) for row in rows] == [("new/a.png", "left"), ("new/b.png", "top")], rows
rows = table_of(predict("shapes-run", "--data", "new/b.png", "new/a.png"))
assert [row["predicted_label"] for row in rows] == ["top", "left"], rows
write_npz("image.npz", {"image": ("f4", [0.5] * 16, [1, 4, 4, 1])})
refused("do not go together", "predict", "shapes-run", "--data", "image.npz", "new/a.png")
# The classes have the numbers that they had, wherever one is missing.
png(work / "test" / "top" / "x.png", shape("top", 5))
png(work / "test" / "right" / "x.png", shape("right", 5))
assert evaluated("shapes-run", "--data", "test")["data"]["accuracy"] == 1
png(work / "test" / "bottom" / "x.png", shape("top", 5))
refused("the model knows no class 'bottom'", "evaluate", "shapes-run", "--data", "test")

# --- A file for each column, in any order; each is used, and each column has one.
FILES = """
model Net(x: [batch, 2]) -> y { y = dense(x, 2) }
train Net {
  data npy(t: "t.npy", x: "x.npy") -> t, x
  loss = mean_squared_error(y, t)
  minimize loss with sgd(0.1)
}
"""
(work / "x.npy").write_bytes(npy("f4", [0, 1, 1, 0, 2, 2], [3, 2]))
(work / "t.npy").write_bytes(npy("f4", [5, 6, 7, 8, 9, 10], [3, 2]))
train("files", FILES)
assert predict("files", "--data", "x=x.npy") == predict("files", "--data", "x.npy") == predict("files")
refused("it is not said what x.npy holds", "evaluate", "files", "--data", "x.npy")
refused("'z' is no column that is read", "evaluate", "files", "--data", "x=x.npy", "t=t.npy", "z=none.npy")
refused("there are two files for 'x'", "evaluate", "files", "--data", "x=x.npy", "x=t.npy", "t=t.npy")
loss = evaluated("files", "--data", "t=t.npy", "x=x.npy")["data"]["loss"]
assert loss == evaluated("files")["train"]["loss"]

# --- What is no trained model, or no longer its own.
refused("there is no checkpoint.safetensors in this folder", "predict", "new", code=3)
shutil.copy(work / "animals/checkpoint.safetensors", work / "alone.safetensors")
refused("no run.json beside it", "predict", "alone.safetensors", code=3)
text = (work / "animals/program.gradus").read_text()
(work / "animals/program.gradus").write_text(text.replace("argmax(logits)", "argmin(logits)"))
refused("not the text that the run was started with", "predict", "animals", "--data", "new.csv")
