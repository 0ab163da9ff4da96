#!/usr/bin/env python3
"""Flips a byte in the files of a run, through the command line: flipped_bytes.py GRADUS FOLDER

Each flip is refused with exit code 2, or what comes out (the flipped file aside) is what came out before.
tests/runtime/training/flipped_bytes_test.cpp does it at every position.
"""
import os
import shutil
import subprocess
import sys

gradus, work = sys.argv[1:3]
SAMPLES = 5  # positions of each file
MODEL = """model M(x: [batch, 1]) -> y {
  y = x |> dense(1) as output
}
train M {
  data rows(x: [[0], [1], [2], [3]], target: [[1], [3], [5], [7]]) -> x, target
  batch = 2
  epochs = 2
  seed = 1
  loss = mean_squared_error(y, target)
  minimize loss with sgd(0.1)
}
"""


def run(*arguments):
    result = subprocess.run([gradus, *arguments], capture_output=True, cwd=work)
    return result.returncode, result.stderr


def read(path):
    with open(path, "rb") as file:
        return file.read()


def others(folder, left_out):
    return {name: read(os.path.join(folder, name)) for name in sorted(os.listdir(folder)) if name != left_out}


def flip(path, use, outcome):
    """`use()` runs a command on the flipped file; `outcome()` is all that may depend on it."""
    whole, expected = read(path), outcome()
    refused = 0
    for sample in range(SAMPLES):
        at = (2 * sample + 1) * len(whole) // (2 * SAMPLES)
        with open(path, "wb") as file:
            file.write(whole[:at] + bytes([whole[at] ^ 0x04]) + whole[at + 1:])
        code, message = use()
        if code == 2:
            refused += 1
        elif code != 0 or outcome() != expected:
            sys.exit(f"{path}: byte {at}: exit {code}, and another result\n{message.decode()}")
        with open(path, "wb") as file:
            file.write(whole)
    return refused


shutil.rmtree(work, ignore_errors=True)
os.makedirs(work)
with open(f"{work}/t.gradus", "w") as file:
    file.write(MODEL)
assert run("train", "t.gradus", "-q", "-o", "run")[0] == 0


def resume():
    return run("train", "--resume", "run", "-q")


for name in sorted(os.listdir(f"{work}/run")):
    refused = flip(f"{work}/run/{name}", resume, lambda: others(f"{work}/run", name))
    if name in ("resume.safetensors", "run.json") and refused < SAMPLES:
        sys.exit(f"{name}: {refused} of {SAMPLES} flipped bytes were refused")

for name in ("best.safetensors", "checkpoint.safetensors"):
    def predict():
        return run("predict", f"run/{name}", "-o", "p.npz")

    assert predict()[0] == 0
    assert flip(f"{work}/run/{name}", predict, lambda: read(f"{work}/p.npz")) == SAMPLES

assert run("run", "t.gradus", "--save-inputs", "in", "-q")[0] == 0


def step():
    return run("run", "t.gradus", "--inputs", "in", "--save-outputs", "out", "-q")


assert step()[0] == 0
assert flip(f"{work}/in", step, lambda: read(f"{work}/out")) == SAMPLES
