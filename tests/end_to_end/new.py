#!/usr/bin/env python3
"""gradus new: each template trains as it stands, and nothing is written over. new.py GRADUS WORK"""
import pathlib
import re
import shutil
import subprocess
import sys

gradus, work = sys.argv[1], pathlib.Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)


def run(*arguments):
    result = subprocess.run([gradus, *arguments], cwd=work, capture_output=True, text=True, timeout=300)
    return result.returncode, result.stdout, result.stderr


def files():
    return {path.name: path.read_text() for path in work.iterdir() if path.is_file()}


names = re.search(r"--template \{([^}]*)\}", run("new", "--help")[1])[1].split("|")
assert {"classifier", "regression", "text", "gan"} <= set(names), names
for name in names:
    code, out, err = run("new", f"my_{name}", f"--template={name}")
    assert code == 0 and out == f"gradus train my_{name}.gradus\n" and f"wrote my_{name}.gradus" in err, (code, out, err)
    text = (work / f"my_{name}.gradus").read_text()
    assert "{name}" not in text
    assert run("format", "--check", f"my_{name}.gradus") == (0, "", ""), name
    code, out, err = run(*out.split()[1:])  # as it says
    assert code == 0, (name, out, err)
    last = out.strip().splitlines()
    assert last, name
    # It has learned something: the loss of the last epoch is the smaller one, except in a game of two.
    history = (work / "runs" / re.search(r"^train (\w+)", text, re.M)[1] / "history.csv").read_text().splitlines()
    column = history[0].split(",").index("train.loss") if "train.loss" in history[0].split(",") else None
    if column is not None:
        assert float(history[-1].split(",")[column]) < float(history[1].split(",")[column]), (name, history)

# Nothing is written over, also not what comes with a program; nothing half.
before = files()
for name in names:
    code, out, err = run("new", f"my_{name}", "--template=gan")
    assert code == 2 and "exists already" in err and out == "", (code, out, err)
(work / "taken.txt").write_text("mine")
assert run("new", "taken", "--template=text")[0] == 2 and not (work / "taken.gradus").exists()
(work / "taken.txt").unlink()
for wrong in (["a b"], ["-"], ["../x\"y"], ["é"], ["x", "--template=none"], ["x", "y"], []):
    code, out, err = run("new", *wrong)
    assert code == 2 and err.startswith("error: "), (wrong, code, err)
assert run("new", "nowhere/x")[0] == 3
assert files() == before
assert run("new", "plain.gradus")[0] == 0 and (work / "plain.gradus").exists()
