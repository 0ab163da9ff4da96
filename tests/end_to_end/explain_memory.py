#!/usr/bin/env python3
"""What --explain-memory --json says must be possible: explain_memory.py GRADUS FILE.

Buffers that live at the same time do not overlap, the sum of those that live at the peak is the peak, and what the
derivative of an op reads is saved: tanh and sigmoid for their own derivatives, the history of a loop for the loop that
runs against it. The page that explains the table shows LeNet-5's.
"""
import json
import pathlib
import subprocess
import sys

gradus, model = sys.argv[1:]
report = json.loads(subprocess.run([gradus, "dump", model, "--explain-memory", "--json"], check=True, capture_output=True).stdout)
buffers = report["buffers"]


def alive(buffer, kernel):
    return buffer["first_kernel"] <= kernel <= buffer["last_kernel"]


peak = 0
for kernel in range(1, report["kernels"] + 1):
    now = sorted((b for b in buffers if alive(b, kernel)), key=lambda b: b["offset"])
    peak = max(peak, sum(b["bytes"] for b in now))
    for below, above in zip(now, now[1:]):
        assert below["offset"] + below["bytes"] <= above["offset"], (kernel, below, above)
assert peak == report["peak"] == sum(b["bytes"] for b in buffers if alive(b, report["peak_kernel"]))
assert report["lower_bound"] <= peak <= report["workspace"]
for buffer in buffers:
    assert buffer["place"] or buffer["op"] in ("status", "relayout") or "constant" in buffer["op"], buffer
saved = [b for b in buffers if b["saved_for_backward"]]
assert sum(b["bytes"] for b in saved) == report["saved_for_backward"] > 0
ops = ("scan",) if "lstm" in model else ("tanh", "sigmoid")
activations = [b for b in saved if b["op"] in ops and b["last_reader"]]
assert activations, [b["op"] for b in saved]
assert any("gradient of" in b["last_reader"] for b in activations)
if "lenet5" in model:
    page = (pathlib.Path(model).resolve().parents[1] / "docs/diagnosis.md").read_text()
    for figure in (f"workspace of {report['kernels']} kernels", f"live at once, at kernel {report['peak_kernel']} ",
                   f"{report['saved_for_backward']} {len(saved)} forward values saved"):
        assert figure in page, figure
print(f"{len(buffers)} buffers, {len(saved)} of them saved")
