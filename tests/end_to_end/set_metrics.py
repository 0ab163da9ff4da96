#!/usr/bin/env python3
"""Metrics of a whole set do not depend on the batch size, and are those of the definition: set_metrics.py GRADUS WORK."""
import array
import csv
import math
import pathlib
import random
import shutil
import subprocess
import sys
import zipfile

gradus, work = sys.argv[1], pathlib.Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)

PROGRAM = """
model Net(x: [batch, 3]) -> y { y = dense(x, 1) }
train Net {
  data csv("rows.csv", target: "t") -> x, t
  batch = 64
  epochs = 1
  shuffle = false
  loss = mean_squared_error(y, t)
  metric rmse = root_mean_squared_error(y, t)
  metric r2 = r2(y, t)
  found = y > 1000
  wanted = t > 1000
  metric precision = precision(found, wanted)
  metric recall = recall(found, wanted)
  metric f1 = f1(found, wanted)
  metric missed = 1 - recall
  metric correlation = correlation(y, t)
  metric spread = sqrt(total(sum(f64(t) ^ 2)) / f64(total_count(t)))
  minimize loss with sgd(0)
}
function correlation(a, b) =
  (f64(total_count(a)) * total(sum(f64(a) * f64(b))) - total(sum(f64(a))) * total(sum(f64(b))))
  / sqrt(f64(total_count(a)) * total(sum(f64(a) ^ 2)) - total(sum(f64(a))) ^ 2)
  / sqrt(f64(total_count(a)) * total(sum(f64(b) ^ 2)) - total(sum(f64(b))) ^ 2)
"""
random.seed(3)
rows = [[random.gauss(0, 400) for _ in range(3)] + [random.gauss(1000, 7)] for _ in range(200)]
with open(work / "rows.csv", "w") as file:
    file.write("a,b,c,t\n")
    file.writelines(",".join(map(repr, row)) + "\n" for row in rows)
(work / "net.gradus").write_text(PROGRAM)


def run(*arguments):
    done = subprocess.run([gradus, *arguments], cwd=work, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def f32(number):
    return array.array("f", [number])[0]


def expected(y, t):
    n = len(t)
    found, wanted = [v > 1000 for v in y], [v > 1000 for v in t]
    both = sum(a and b for a, b in zip(found, wanted))
    error = math.fsum((a - b) ** 2 for a, b in zip(y, t))
    mean_y, mean_t = math.fsum(y) / n, math.fsum(t) / n
    deviation = math.fsum((b - mean_t) ** 2 for b in t)
    recall = both / sum(wanted)
    return {
        "rmse": math.sqrt(error / n),
        "r2": 1 - error / deviation,
        "precision": both / max(sum(found), 1e-30),
        "recall": recall,
        "f1": 2 * both / (sum(found) + sum(wanted)),
        "missed": 1 - recall,
        "correlation": math.fsum((a - mean_y) * (b - mean_t) for a, b in zip(y, t))
        / math.sqrt(math.fsum((a - mean_y) ** 2 for a in y) * deviation),
        "spread": math.sqrt(math.fsum(b * b for b in t) / n),
    }


for batch in (1, 7, 64, 200):
    run("train", "net.gradus", "-q", "-o", f"run-{batch}", "--set", f"batch={batch}")
    run("predict", f"run-{batch}", "-o", "out.npz")
    with zipfile.ZipFile(work / "out.npz") as archive:
        raw = archive.read("y.npy")
    y = list(array.array("f", raw[10 + int.from_bytes(raw[8:10], "little"):]))
    want = expected(y, [f32(row[3]) for row in rows])
    with open(work / f"run-{batch}/history.csv") as file:
        history = next(csv.DictReader(file))
    for name, value in want.items():
        assert math.isclose(float(history[name]), value, rel_tol=1e-9), (batch, name, history[name], value)
