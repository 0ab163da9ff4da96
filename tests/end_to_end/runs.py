#!/usr/bin/env python3
"""Several runs: none takes the place of another unasked, the best checkpoints are kept, and they are compared: runs.py GRADUS WORK."""
import json
import pathlib
import shutil
import subprocess
import sys
import xml.etree.ElementTree as xml

gradus, work = sys.argv[1], pathlib.Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
(work / "line.gradus").write_text("""
model Line(x: [batch, 1]) -> y { y = dense(x, 1) }
train Line {
  data rows(x: [[0], [1], [2], [3], [4], [5], [6], [7]], t: [[1], [3], [5], [7], [9], [11], [13], [15]]) -> x, t
  split(validation: 0.25)
  batch = 3
  epochs = 6
  input rate = 0.02
  loss = mean_squared_error(y, t)
  metric r2 = r2(y, t)
  minimize loss with sgd(rate)
  keep_best(count: 2, monitor: validation.loss)
}
""")


def run(*arguments):
    return subprocess.run([gradus, *arguments], cwd=work, capture_output=True, text=True)


def done(*arguments):
    result = run(*arguments)
    assert result.returncode == 0, (arguments, result.stderr)
    return result.stdout


def content(folder):
    return {path.name: path.read_bytes() for path in sorted((work / folder).iterdir())}


def history(folder):
    lines = [line.split(",") for line in (work / folder / "history.csv").read_text().splitlines()]
    return [dict(zip(lines[0], map(float, line))) for line in lines[1:]]


# --- No run is lost unasked.
done("train", "line.gradus", "-q")
before = content("runs/Line")
again = run("train", "line.gradus", "-q")
assert again.returncode == 2 and "runs/Line holds a run already" in again.stderr and "--overwrite" in again.stderr, again
assert content("runs/Line") == before
done("train", "line.gradus", "-q", "--name", "slow", "--set", "rate=0.001")
done("train", "line.gradus", "-q", "--name", "wild", "--set", "rate=0.03")
assert content("runs/Line") == before
done("train", "line.gradus", "-q", "--name", "slow", "--set", "rate=0.002", "--overwrite")
for name in ("../up", "", "."):
    assert run("train", "line.gradus", "-q", "--name", name).returncode != 0, name
assert run("train", "line.gradus", "-q", "--name", "x", "-o", "y").returncode == 2
# What goes on behind a checkpoint may do so where it is.
done("train", "line.gradus", "-q", "--checkpoint", "runs/Line/checkpoint.safetensors", "--set", "epochs=8")
assert [row["epoch"] for row in history("runs/Line")] == list(range(1, 9))

# --- The best checkpoints, of a run in one go and of one that was resumed.
for folder in ("runs/Line", "runs/slow", "runs/wild"):
    rows = [row for row in history(folder) if folder != "runs/Line" or row["epoch"] > 6]
    best = sorted(rows, key=lambda row: row["validation.loss"])[:2]
    kept = {path.name for path in (work / folder).glob("epoch-*.safetensors")}
    wanted = {f"epoch-{row['epoch']:.0f}.safetensors" for row in best}
    assert kept >= wanted and (folder == "runs/Line" or kept == wanted), (folder, kept, wanted)
epoch = min(history("runs/slow"), key=lambda row: row["validation.loss"])
loss = json.loads(done("evaluate", f"runs/slow/epoch-{epoch['epoch']:.0f}.safetensors", "--json"))["validation"]["loss"]
assert f"{loss:.6g}" == f"{epoch['validation.loss']:.6g}", (loss, epoch)
done("train", "line.gradus", "-q", "-o", "long", "--set", "epochs=9")
done("train", "line.gradus", "-q", "-o", "short", "--set", "epochs=4")
done("train", "--resume", "short", "-q", "--set", "epochs=9")
long = {name: data for name, data in content("long").items() if name.startswith("epoch-")}
assert len(long) == 2 and long == {name: data for name, data in content("short").items() if name.startswith("epoch-")}

# --- Models of folds, each with the part that it was validated on.
text = (work / "line.gradus").read_text().replace("validation: 0.25", "folds: 4")
(work / "folds.gradus").write_text(text)
done("train", "folds.gradus", "-q", "-o", "folds")
for fold in (1, 3):
    loss = json.loads(done("evaluate", f"folds/fold-{fold}", "--json"))["validation"]["loss"]
    assert f"{loss:.6g}" == f"{history(f'folds/fold-{fold}')[-1]['validation.loss']:.6g}", fold
refused = run("predict", "folds")
assert refused.returncode == 2 and "name one of them: folds/fold-1" in refused.stderr, refused

# --- What is overwritten leaves no model behind, and is no source of what takes its place.
lost = run("train", "folds.gradus", "-q", "-o", "long", "--overwrite", "--initialize", "long/checkpoint.safetensors")
assert lost.returncode == 2 and "lies in the folder that --overwrite gives" in lost.stderr, lost
copy = shutil.copytree(work / "long", work / "copy")
(work / "other.gradus").write_text((work / "line.gradus").read_text().replace("  keep_best(count: 2, monitor: validation.loss)\n", ""))
done("train", "other.gradus", "-q", "-o", "copy", "--overwrite")
assert not list(copy.glob("epoch-*")), list(copy.iterdir())

# --- In a table, as JSON and as a picture.
lines = [line.split() for line in done("runs").splitlines()]
assert lines[0][:4] == ["run", "program", "settings", "epochs"], lines
assert [line[0] for line in lines[1:]] == ["runs/Line", "runs/slow", "runs/wild"]
assert lines[2][1:4] == ["line.gradus", "rate=0.002", "6"]
assert lines[2][lines[0].index("loss")] == f"{history('runs/slow')[-1]['loss']:.6g}"
last = {name: history(f"runs/{name}")[-1]["validation.loss"] for name in ("Line", "slow", "wild")}
ordered = [line.split()[0] for line in done("runs", "--sort", "validation.loss").splitlines()[1:]]
assert ordered == [f"runs/{name}" for name in sorted(last, key=last.get)], ordered
runs = json.loads(done("runs", "long", "runs", "--json"))
assert [each["folder"] for each in runs] == ["long", "runs/Line", "runs/slow", "runs/wild"]
assert runs[0]["last"]["epoch"] == 9 and runs[0]["settings"] == ["epochs=9"], runs[0]
done("runs", "--svg", "runs.svg")
texts = [node.text for node in xml.parse(work / "runs.svg").iter("{http://www.w3.org/2000/svg}text")]
assert {"3 runs", "validation.loss", "Line", "slow", "wild"} <= set(texts), texts
assert "curves.svg" in (work / "runs/Line/curves.html").read_text()
none = run("runs", "long/none")
assert none.returncode == 3, none
unknown = run("runs", "--sort", "recall")
assert unknown.returncode == 2 and "there are loss" in unknown.stderr, unknown
(work / "long/history.csv").write_text("epoch,loss\n1,many\n")
damaged = run("runs", "long")
assert damaged.returncode == 2 and "history.csv:2:3" in damaged.stderr, damaged
