#!/usr/bin/env python3
"""gradus format, as a user calls it: format.py GRADUS WORK"""
import pathlib
import shutil
import subprocess
import sys

gradus, work = sys.argv[1], pathlib.Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
UGLY = "# x\nprogram   p {\nx=1.0\n\n\n   expect x==1 # one\n}"
CANONICAL = "# x\nprogram p {\n  x = 1.0\n\n  expect x == 1  # one\n}\n"
BROKEN = "program p { x = = }\n"


def run(*arguments, text=None):
    result = subprocess.run([gradus, "format", *arguments], cwd=work, input=text, text=True, capture_output=True, timeout=60)
    return result.returncode, result.stdout, result.stderr


def write(**texts):
    for name, text in texts.items():
        (work / f"{name}.gradus").write_text(text)


def read(name):
    return (work / f"{name}.gradus").read_text()


write(ugly=UGLY, canonical=CANONICAL, broken=BROKEN)

assert run("ugly.gradus") == (0, CANONICAL, "")
assert run("-", text=UGLY) == (0, CANONICAL, "")
assert read("ugly") == UGLY, "only -i writes"

assert run("--check", "canonical.gradus") == (0, "", "")
code, out, err = run("--check", "canonical.gradus", "ugly.gradus")
assert (code, out) == (1, "ugly.gradus\n") and "1 of 2 files" in err, (code, out, err)
assert run("--check", "-", text=UGLY)[0] == 1
assert read("ugly") == UGLY

# Nothing is written if one of the files has an error.
code, out, err = run("-i", "ugly.gradus", "broken.gradus")
assert code == 2 and "broken.gradus:1:17" in err and out == "", (code, out, err)
assert (read("ugly"), read("broken")) == (UGLY, BROKEN)
assert run("--check", "broken.gradus")[0] == 2
assert run("-i", "ugly.gradus", "missing.gradus")[0] == 3
assert read("ugly") == UGLY

before = (work / "canonical.gradus").stat().st_mtime_ns
assert run("--in-place", "ugly.gradus", "canonical.gradus") == (0, "", "")
assert read("ugly") == CANONICAL
assert (work / "canonical.gradus").stat().st_mtime_ns == before, "a file that does not change is not written"

for wrong in (["-i", "-"], ["ugly.gradus", "canonical.gradus"], ["-i", "--check", "ugly.gradus"], []):
    code, out, err = run(*wrong, text=UGLY)
    assert (code, out) == (2, "") and err.startswith("error: "), (wrong, code, out, err)
