#!/usr/bin/env python3
"""The workspace is planned, and small: memory_plan.py GRADUS FILE…

For every block and every graph of the files, the workspace of the program is the one that plan-buffers planned: lowering
finds no memory of its own. It is at most 1.15 times the bound below which no order of the kernels comes, or a page more.
"""
import re
import subprocess
import sys

gradus, files = sys.argv[1], sys.argv[2:]
graphs = ("training", "evaluation", "prediction", "initialization")
most = 1.15  # times the bound
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
            header = re.search(r"\{[^}]*\bworkspace=(\d+), workspace_lower_bound=(\d+)", loops)
            planned, bound = int(header[1]), int(header[2])
            workspace = int(re.search(r"^loops .*?\} workspace (\d+)", loops)[1])
            assert workspace == planned, (file, block, graph)
            assert bound <= workspace, (file, block, graph)
            assert workspace <= max(most * bound, bound + 4096), (file, block, graph, workspace, bound)
            checked += 1
assert checked >= len(files), checked
print(f"{checked} graphs")
