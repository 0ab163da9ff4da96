#!/usr/bin/env python3
"""Schedules of kernels, as `gradus explain` tells them and --schedule takes them: explain.py GRADUS WORK.

What explain prints is a file of schedules: given back, it changes nothing. A kernel has one name, whatever text it comes
from. Other tiles are other loops and the same bits. A name that no kernel has is told at its place.
"""
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

gradus, work = sys.argv[1], Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)


def run(*arguments, code=0):
    done = subprocess.run([gradus, *map(str, arguments)], capture_output=True, text=True)
    assert done.returncode == code, (arguments, done.returncode, done.stderr)
    return done


def schedules(text):
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[a-z_0-9]+_[0-9a-f]{8}: [a-z][a-z0-9 ,;]*", line), line
    return dict(line.split(": ") for line in lines)


def write(name, chosen):
    (work / name).write_text("".join(f"{kernel}: {schedule}\n" for kernel, schedule in chosen.items()))
    return work / name


def edited(report):
    """For each kernel the worst candidate of each stage; other chunks where there is one alone."""
    def other(stage):
        taken = stage["taken"]["schedule"]
        return stage["others"][-1]["schedule"] if stage["others"] else taken.replace("chunk 2048", "chunk 512")

    return {kernel["name"]: "; ".join(map(other, kernel["stages"])) for kernel in report["kernels"]}


def tells_what_there_is(model, report, kernels):
    """Kernels in the order of the dump, bodies of loops included, with its places, schedules and types."""
    told = [(kernel["value"], kernel["places"], kernel["schedule"]) for kernel in report["kernels"]]
    pattern = r'^ +(%\d+)(?::\d+)? = kernel \{.*?place="([^"]*)", schedule="([^"]*)"'
    assert told == re.findall(pattern, kernels, re.M), model
    assert any(kernel["scan"] for kernel in report["kernels"]) == (" = scan " in kernels), model
    for kernel in report["kernels"]:
        for stage in kernel["stages"]:
            costs = [each["nanoseconds"] for each in (stage["taken"], *stage["others"])]
            assert costs[0]["total"] <= min(cost["total"] for cost in costs), kernel
            for cost in costs:
                parts = sum(cost[part] for part in ("compute", "packing", "misses", "code"))
                assert abs(cost["total"] - parts) <= 1e-9 * parts, kernel
        assert kernel["source"] == "chosen" and kernel["given"] is None, kernel
    choices = any(stage["others"] for kernel in report["kernels"] for stage in kernel["stages"])
    assert choices == (model != "xor"), model  # whose products are too small for two tiles


for model in ("xor", "lstm", "lenet5"):
    file = f"examples/{model}.gradus"
    explained = run("explain", file).stdout
    report = json.loads(run("explain", file, "--json").stdout)
    kernels = run("dump", file, "--stage=kernels").stdout
    tells_what_there_is(model, report, kernels)
    for kernel in report["kernels"]:
        assert f"# {kernel['value']} {kernel['name']}  {', '.join(kernel['types'])}" in explained, kernel
        assert not kernel["place"] or f"({file}:{kernel['place']['line']}:" in explained, kernel
    chosen = schedules(explained)
    assert chosen == {kernel["name"]: kernel["schedule"] for kernel in report["kernels"]}

    # From any text a kernel has the name that it has from the model, and one that has a schedule keeps it.
    for stage in ("backward", "optimized", "kernels"):
        text = work / f"{model}.{stage}.gir"
        run("dump", file, f"--stage={stage}", "-o", text)
        assert schedules(run("explain", text).stdout) == chosen, (model, stage)
    again = run("explain", work / f"{model}.kernels.gir").stdout
    assert again.count("given by the text") == len(chosen) and "chosen" not in again

    # Given back as it was printed, and line by line: nothing changes.
    for given in (work / f"{model}.explained", write(f"{model}.lines", chosen)):
        if not given.exists():
            given.write_text(explained)
        assert run("dump", file, "--stage=kernels", "--schedule", given).stdout == kernels
        told = run("explain", file, "--schedule", given)
        assert told.stdout.count(f"given ({given}:") == len(chosen) and "chosen" not in told.stdout and not told.stderr

    # Other candidates: the schedules of the dump, other loops, the same bits, from the model and from the text.
    other = edited(report)
    assert any(other[name] != chosen[name] and "tile" in chosen[name] for name in other) == (model != "xor"), model
    given = write(f"{model}.other", other)
    changed = run("dump", file, "--stage=kernels", "--schedule", given)
    assert set(re.findall('schedule="([^"]*)"', changed.stdout)) == set(other.values()) and not changed.stderr
    loops = run("dump", file, "--stage=loops", "--schedule", given).stdout
    assert (loops != run("dump", file, "--stage=loops").stdout) == (model != "xor"), model
    plain = run("run", file, "--save-inputs", work / "inputs.safetensors", "--save-outputs", work / "plain").stdout
    assert run("run", file, "--schedule", given, "--save-outputs", work / "other").stdout == plain
    assert (work / "plain").read_bytes() == (work / "other").read_bytes(), model
    run("run", work / f"{model}.optimized.gir", "--schedule", given, "--inputs", work / "inputs.safetensors",
        "--save-outputs", work / "other")
    assert (work / "plain").read_bytes() == (work / "other").read_bytes(), model

# A lesson that checks itself.
lesson = "examples/lessons/convolution.gradus"
program = re.search(r"^program (\w+)", Path(lesson).read_text(), re.M)[1]
given = write("lesson", edited(json.loads(run("explain", lesson, "--only", program, "--json").stdout)))
assert (run("run", lesson, "--only", program, "--schedule", given).stdout == run("run", lesson, "--only", program).stdout)

# The same body is one name and one line; another attribute is another name.
(work / "dots.gir").write_text("""graph @dots (%a: f32[6,6], %b: f32[6,6]) {
  %0 = dot %a, %b {contract=[1]x[0]} : f32[6,6]
  %1 = dot %a, %b {contract=[0]x[0]} : f32[6,6]
  %2 = dot %b, %a {contract=[1]x[0]} : f32[6,6]
  return p = %0, q = %1, r = %2
}
""")
dots = run("explain", work / "dots.gir").stdout
names = re.findall(r"^# %\d+ (\w+)", dots, re.M)
assert names[0] == names[2] != names[1] and list(schedules(dots)) == names[:2], dots
assert re.search(r"^#   the code of %\d+$", dots, re.M), dots

# One that no candidate is: no estimate. `opt` is told of the target and of schedules as well.
given = write("plain", {names[0]: "outputs columns 5"})
told = run("explain", work / "dots.gir", "--schedule", given).stdout
assert re.search(r"^#     \* outputs columns 5 +is no candidate: not estimated$", told, re.M), told
passes = ("opt", "--passes=fuse,schedule", work / "dots.gir")
assert run(*passes, "--schedule", given).stdout.count('schedule="outputs columns 5"') == 2
wide, narrow = (run(*passes, f"--cpu={cpu}").stdout for cpu in ("x86-64-v4", "x86-64-v3"))
assert wide != narrow

# A text at stage kernels without schedules has the plain ones.
bare = work / "bare.gir"
bare.write_text(re.sub(r', schedule="[^"]*"', "", run("dump", work / "dots.gir", "--stage=kernels").stdout))
told = run("explain", bare).stdout
assert told.count("plain: the text gives none") == 2 and set(schedules(told).values()) == {"outputs columns 16"}, told

# A name that none of all graphs had is told once, at its place; one that only the initialization had is not.
xor = "examples/xor.gradus"
initialization = schedules(run("explain", xor, "--graph=initialization").stdout)
training = schedules(run("explain", xor).stdout)
assert set(initialization) - set(training)
given = write("unknown", {"dot_00000000": "tile 1x8", **initialization, "map_00000000": "map"})
last = len(initialization) + 2
for command, code in ((["train", xor, "-q", "--set", "epochs=1", "-o", work / "run"], 1),  # it has learned nothing yet
                      (["dump", xor, "--stage=kernels", "--graph=initialization"], 0),
                      (["explain", xor, "--graph=initialization"], 0)):
    found = run(*command, "--schedule", given, code=code).stderr
    places = re.findall(r"warning: no kernel that was compiled is called '(\w+)'\n  --> " + re.escape(str(given)) + r":(\d+):1", found)
    assert places == [("dot_00000000", "1"), ("map_00000000", str(last))], (command, found)
for command in (["run", lesson, "--only", program], ["opt", "--passes=fuse,schedule", work / "dots.gir"],
                ["dump", work / "dots.gir", "--explain-memory"]):
    assert "'dot_00000000'" in run(*command, "--schedule", given).stderr, command
# The page that explains it shows a kernel of LeNet-5, whatever its name and place are.
def anonymous(text):
    return re.sub(r"%\d+|_[0-9a-f]{8}|workspace \d+", "…", text)


page = Path("docs/diagnosis.md").read_text()
shown = re.search(r"^```\n(# %\d+ dot_.*?)^```$", page, re.M | re.S)[1]
told = anonymous(run("explain", "examples/lenet5.gradus", "--cpu=x86-64-v4").stdout.replace("examples/", ""))
for line in shown.splitlines():
    assert line == "…" or anonymous(line) in told, line
print("explained, given back, edited")
