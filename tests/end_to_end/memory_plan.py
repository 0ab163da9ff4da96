#!/usr/bin/env python3
"""Lowering finds no memory of its own: memory_plan.py GRADUS FILE…

The workspace of a program is the one that plan-buffers planned, for every block and every graph of the files.
"""
import re
import subprocess
import sys

gradus, files = sys.argv[1], sys.argv[2:]
graphs = ("training", "evaluation", "prediction", "initialization")
checked = 0


def dump(file, *options):
    run = subprocess.run([gradus, "dump", file, "--stage=loops", *options], capture_output=True, text=True)
    assert run.returncode in (0, 2), run.stderr
    return run.stdout


for file in files:
    text = open(file).read()
    for block in re.findall(r"^(?:train|program) (\w+)", text, re.M):
        for graph in graphs if re.search(rf"^train {block}\b", text, re.M) else (None,):
            loops = dump(file, "--only", block, *(("--graph", graph) if graph else ()))
            assert loops or graph in graphs[1:], (file, block, graph)
            if not loops:
                continue  # it has none
            planned = int(re.search(r"\{[^}]*\bworkspace=(\d+)", loops)[1])
            workspace = int(re.search(r"^loops .*?\} workspace (\d+)", loops)[1])
            assert workspace == planned, (file, block, graph)
            checked += 1
assert checked >= len(files), checked
print(f"{checked} graphs")
