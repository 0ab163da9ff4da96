#!/usr/bin/env python3
"""What else may happen to a training: another one in its folder, signals, files that may not grow.

Nothing here depends on how long something takes: runs that are met while they train would never end.
"""
import atexit
import fcntl
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

gradus, work = sys.argv[1], Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
(work / "line.gradus").write_text("""model M(x: [batch, 1]) -> y { y = x |> dense(1) as last }
train M {
  data rows(x: [[0], [1], [2], [3]], target: [[1], [3], [5], [7]]) -> x, target
  batch = 4
  epochs = 2
  seed = 1
  loss = mean_squared_error(y, target)
  minimize loss with sgd(0.01)
}
""")
ENDLESS = ["--set", "epochs=1000000000", "--checkpoint-every", "1"]


def run(*arguments, **options):
    return subprocess.run([gradus, *arguments], cwd=work, capture_output=True, text=True, **options)


def start(*arguments):
    process = subprocess.Popen([gradus, *arguments], cwd=work, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                               preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (60, 60)))
    atexit.register(process.kill)  # if the test fails
    return process


def until(condition, process):
    while not condition():
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)


def refused(result):
    assert result.returncode == 3, result
    assert "another run is writing into this folder" in result.stderr and "-o" in result.stderr, result.stderr


def content(folder):
    return {path.name: path.read_bytes() for path in sorted((work / folder).iterdir())}


# --- One run at a time in a folder; reading it, and whatever happened to the run before, is no hindrance.
assert run("train", "line.gradus", "-q", "-o", "locked").returncode == 0
before = content("locked")
folder = os.open(work / "locked", os.O_RDONLY)
fcntl.flock(folder, fcntl.LOCK_EX)
refused(run("train", "line.gradus", "-q", "--overwrite", "-o", "locked"))
refused(run("train", "--resume", "locked", "-q"))
assert content("locked") == before
assert run("predict", "locked", "-o", "p.npz").returncode == 0
(work / "locked").rename(work / "moved")
assert run("train", "line.gradus", "-q", "-o", "locked").returncode == 0
os.close(folder)
assert content("locked") == before  # no file more
assert run("train", "--resume", "locked", "-q").returncode == 0

first = start("train", "line.gradus", "-q", "-o", "running", *ENDLESS)
until((work / "running/resume.safetensors").exists, first)
refused(run("train", "line.gradus", "-q", "--overwrite", "-o", "running"))
refused(run("train", "--resume", "running", "-q"))
first.send_signal(signal.SIGKILL)
first.wait()
assert run("train", "line.gradus", "-q", "--overwrite", "-o", "running").returncode == 0

# --- A signal during the compilation of the first step ends it: there is nothing to save yet. The compilation prints far
# more than a page, and goes no further while nobody reads.
for number in (signal.SIGINT, signal.SIGTERM):
    compiling = start("train", "line.gradus", "-q", "-o", "compiling", "--print-after-all", *ENDLESS)
    fcntl.fcntl(compiling.stdout, fcntl.F_SETPIPE_SZ, 4096)
    unread = lambda: struct.unpack("i", fcntl.ioctl(compiling.stdout, termios.FIONREAD, bytes(4)))[0]
    while not (work / "compiling/run.json").exists():
        if unread():
            os.read(compiling.stdout.fileno(), unread())
    until(unread, compiling)
    compiling.send_signal(number)
    compiling.communicate()
    assert compiling.returncode == -number, compiling.returncode
    assert sorted(path.name for path in (work / "compiling").iterdir()) == ["program.gradus", "run.json"]
    shutil.rmtree(work / "compiling")

# --- Later it ends the training after a step, with everything saved, and says that it does.
for number in (signal.SIGINT, signal.SIGTERM):
    training = start("train", "line.gradus", "-q", "-o", "stopped", *ENDLESS)
    until((work / "stopped/resume.safetensors").exists, training)
    training.send_signal(number)
    said = training.communicate()[1]
    assert training.returncode == 128 + number, training.returncode
    assert said == "note: stopping after this step; a second signal stops at once\n", said
    assert run("train", "--resume", "stopped", "-q", "--set", "batch=1").returncode == 2  # other settings
    assert (work / "stopped/checkpoint.safetensors").exists()
    shutil.rmtree(work / "stopped")

# --- A file that may not grow so far is an error, and nothing half-written is left of it.
small = run("train", "line.gradus", "-q", "-o", "small",
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1024, 1024)))
assert small.returncode == 3, small
assert "cannot write: File too large" in small.stderr and "ulimit -f" in small.stderr, small.stderr
assert not [path for path in (work / "small").iterdir() if path.suffix == ".tmp"]
