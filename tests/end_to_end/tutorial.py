#!/usr/bin/env python3
"""Runs every command of docs/tutorial.md: tutorial.py GRADUS WORK

A block of code that begins with "# NAME.gradus" becomes that file. In the other blocks "$ command" is run, and its
output must have the lines below it, in order; "…" in a line stands for anything.
"""
import pathlib
import re
import shutil
import subprocess
import sys

gradus, work = sys.argv[1], pathlib.Path(sys.argv[2])
page = pathlib.Path(__file__).resolve().parents[2] / "docs/tutorial.md"
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)
failed = commands = 0


def pattern(line):
    return ".*".join(re.escape(part.strip()) for part in line.strip().split("…"))


def run(command, expected):
    global failed, commands
    commands += 1
    text = re.sub(r"^gradus\b", gradus, command)
    done = subprocess.run(text, shell=True, cwd=work, capture_output=True, text=True)
    output = done.stdout + done.stderr
    lines = iter(output.splitlines())
    missing = [line for line in expected if line.strip() != "…" and not any(re.search(pattern(line), each) for each in lines)]
    if done.returncode != 0 or missing or not output:
        failed += 1
        print(f"$ {command}\nexit {done.returncode}; missing: {missing[:1]}\n{output[-2000:]}\n")


for block in re.findall(r"^```\n(.*?)^```$", page.read_text(), re.M | re.S):
    name = re.match(r"# (\w+\.gradus)\n", block)
    if name:
        (work / name[1]).write_text(block)
        continue
    for part in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, *expected = part.splitlines()
        run(command, expected)
print(f"{commands} commands, {failed} failed")
sys.exit(failed > 0 or commands < 10)
