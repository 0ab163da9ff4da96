#!/usr/bin/env python3
"""The tasks of examples/tasks, trained and used by two commands each, on small data of the same form: tasks.py GRADUS WORK.

What they reach on the real data stands in docs/results.md.
"""
import csv
import io
import math
import pathlib
import random
import shutil
import struct
import subprocess
import sys
import zlib

gradus, work = sys.argv[1], pathlib.Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
random.seed(1)
for task in (pathlib.Path(__file__).resolve().parents[2] / "examples/tasks").glob("*.gradus"):
    shutil.copy(task, work)


def run(*arguments):
    done = subprocess.run([gradus, *arguments], cwd=work, capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout


def predicted(name, *files):
    return list(csv.DictReader(io.StringIO(run("predict", f"runs/{name}", "--data", *files))))


# --- Favourable sentences or not
kinds = {"positive": ["good", "moving", "funny"], "negative": ["dull", "lifeless", "long"]}
others = ["a", "film", "the", "story", "of", "it", ",", "and"]


def sentence(kind):
    words = random.choices(others, k=random.randint(3, 9))
    words.insert(random.randrange(len(words)), random.choice(kinds[kind]))
    return " ".join(words)


for kind, end in (("negative", "neg"), ("positive", "pos")):
    (work / f"rt-polarity.{end}").write_text("".join(sentence(kind) + "\n" for _ in range(150)))
run("train", "mood.gradus", "-q")
(work / "new.txt").write_text("a moving film\nThe story: dull, dull!\n")
assert [row["predicted_mood"] for row in predicted("Mood", "new.txt")] == ["positive", "negative"]

# --- A series with a season
series = [100 * math.exp(0.01 * t) * (1 + 0.3 * math.sin(t * math.pi / 6)) for t in range(120)]
(work / "airline-passengers.csv").write_text('"Month","Passengers"\n' + "".join(f'"{t}",{value}\n' for t, value in enumerate(series)))
table = [line.split() for line in run("train", "forecast.gradus", "-q").splitlines()]
rmse, naive = (next(float(line[2]) for line in table if line[0] == name) for name in ("rmse", "naive"))
assert rmse < naive / 2, (rmse, naive)
# The last row is the forecast behind the last point.
rows = predicted("Forecast", "airline-passengers.csv")
assert len(rows) == len(series) - 12 + 1
forecast = float(rows[-1]["next"])
coming = 100 * math.exp(0.01 * 120) * (1 + 0.3 * math.sin(120 * math.pi / 6))
assert abs(forecast / coming - 1) < 0.1, (forecast, coming)


# --- Pictures in folders
def png(path, pixels):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    path.parent.mkdir(parents=True, exist_ok=True)
    size = len(pixels)
    lines = b"".join(b"\0" + bytes(line) for line in pixels)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b""))


def picture(k):
    return [[random.randrange(60) + (150 if 3 * k <= y < 3 * k + 2 else 0) for _ in range(28)] for y in range(28)]


names = [f"piece{k}" for k in range(9)] + ["coat"]
for k, name in enumerate(names):
    for i in range(24):
        png(work / "clothes" / ("test" if i % 6 == 5 else "train") / name / f"{i}.png", picture(k))
run("train", "clothes.gradus", "-q", "--set", "batch=16")
png(work / "new.png", picture(9))
assert predicted("Clothes", "new.png")[0]["predicted_label"] == "coat"
rows = predicted("Clothes", "clothes/test")
right = sum(f"/{row['predicted_label']}/" in row["file"] for row in rows)
assert len(rows) == 40 and right >= 36, right
