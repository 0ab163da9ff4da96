#!/usr/bin/env python3
"""Schedules of kernels, as `gradus explain` tells them and --schedule takes them: explain.py GRADUS WORK.

What explain prints is a file of schedules: given back, it changes nothing. A kernel has one name, whatever text it comes
from. Other schedules are other loops and the same bits. A name that no kernel has is told at its place.
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
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for line in lines:
        assert re.fullmatch(r"[a-z_0-9]+_[0-9a-f]{8}: [a-z][a-z0-9 ,;]*", line), line
    return dict(line.split(": ") for line in lines)


def write(name, chosen):
    (work / name).write_text("".join(f"{kernel}: {schedule}\n" for kernel, schedule in chosen.items()))
    return work / name


def explained_graph(*arguments):
    """What --json says of the one graph of a text or a program, or of a training step."""
    [report] = json.loads(run("explain", *arguments, "--json").stdout)["graphs"]
    return report


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
    assert any(kernel["around"] for kernel in report["kernels"]) == (" = scan " in kernels), model
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
    explained = run("explain", file, "--graph=training").stdout
    report = explained_graph(file, "--graph=training")
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
        told = run("explain", file, "--graph=training", "--schedule", given)
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
given = write("lesson", edited(explained_graph(lesson, "--only", program)))
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

# One that no candidate is has its estimate beside theirs. `opt` is told of the target and of schedules as well.
given = write("plain", {names[0]: "outputs columns 5"})
kernel = explained_graph(work / "dots.gir", "--schedule", given)["kernels"][0]
[stage] = kernel["stages"]
assert kernel["source"] == "file" and stage["taken"]["schedule"] == "outputs columns 5", kernel
assert stage["taken"]["nanoseconds"]["total"] > max(other["nanoseconds"]["total"] for other in stage["others"]) > 0, stage
passes = ("opt", "--passes=fuse,schedule", work / "dots.gir")
assert run(*passes, "--schedule", given).stdout.count('schedule="outputs columns 5"') == 2
wide, narrow = (run(*passes, f"--cpu={cpu}").stdout for cpu in ("x86-64-v4", "x86-64-v3"))
assert wide != narrow

# Every kind of stage has an estimate for whatever is legal: a candidate that is given its own; larger than the chosen one's
# what leaves lanes idle, waits for its own sums, computes again what it could keep or has no registers left.
(work / "kinds.gir").write_text("""graph @kinds (%s: f32[300,64], %a: f32[4096,64], %b: f32[70,64], %c: f32[64,70], %x: f32[2,16,16,8], %y: f32[2,14,14,32]) {
  %0 = sum %s {axes=[0]} : f32[64]
  %2 = dot %b, %c {contract=[1]x[0]} : f32[70,70]
  %3 = max %a {axes=[1]} : f32[4096]
  %4 = broadcast %3 {dims=[0], shape=[4096,64]} : f32[4096,64]
  %5 = sub %a, %4 : f32[4096,64]
  %6 = exp %5 : f32[4096,64]
  %7 = sum %6 {axes=[1]} : f32[4096]
  %8 = broadcast %7 {dims=[0], shape=[4096,64]} : f32[4096,64]
  %9 = div %6, %8 : f32[4096,64]
  %10 = conv %x, %y {kind="filter_gradient", input="b01f", filter="01io", output="b01f", stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1], size=[3,3]} : f32[3,3,8,32]
  %11:2 = top_k %c {k=3} : f32[64,3], i32[64,3]
  return sum = %0, dot = %2, softmax = %9, filter = %10, top = %11
}
""")
worse = {"sum": "reduce columns 5", "dot": "tile 14x64", "rows": "rows", "conv": "tile 1x1x1x16", "top_k": "sort"}
kinds = explained_graph(work / "kinds.gir", "--cpu=x86-64-v4")
seen = set()
for kernel in kinds["kernels"]:
    [stage] = kernel["stages"]
    what = stage["what"]
    seen.add(what)
    assert stage["others"], kernel  # it was a choice
    totals = [stage["taken"]["nanoseconds"]["total"], *(other["nanoseconds"]["total"] for other in stage["others"])]
    assert totals == sorted(totals) and totals[0] < totals[-1], kernel
    for schedule, nanoseconds in ((stage["others"][-1]["schedule"], totals[-1]), (worse[what], None)):
        given = write("kinds", {kernel["name"]: schedule})
        told = explained_graph(work / "kinds.gir", "--cpu=x86-64-v4", "--schedule", given)["kernels"]
        [again] = [each["stages"][0]["taken"]["nanoseconds"]["total"] for each in told if each["name"] == kernel["name"]]
        assert again == nanoseconds if nanoseconds else again > totals[0], (kernel, schedule, again)
assert seen == set(worse), seen

# Rows may be longer than those that are chosen.
(work / "long.gir").write_text("""graph @long (%a: f32[3,20000]) {
  %0 = max %a {axes=[1]} : f32[3]
  %1 = broadcast %0 {dims=[0], shape=[3,20000]} : f32[3,20000]
  %2 = sub %a, %1 : f32[3,20000]
  return top = %0, below = %2
}
""")
report = explained_graph(work / "long.gir")
assert not any("rows" in kernel["schedule"] for kernel in report["kernels"]), report
[top] = [kernel["name"] for kernel in report["kernels"] if kernel["name"].startswith("max")]
told = explained_graph(work / "long.gir", "--schedule", write("long", {top: "rows"}))
assert [kernel["schedule"] for kernel in told["kernels"] if kernel["name"] == top] == ["rows"], told

# A file of several blocks is told of as a whole, each graph behind a comment that names it, and is a file of schedules as a
# whole: a kernel of several graphs has one line.
blocks = work / "blocks.gradus"
blocks.write_text(Path("examples/xor.gradus").read_text() + """
program first {
  a = [1.0, 2.0]
  expect sum(exp(a)) > 1
}
program second {
  a = [1.0, 2.0]
  expect sum(tanh(a)) > 1
}
""")
told = run("explain", blocks).stdout
graphs = ["XOR, training", "XOR, evaluation", "XOR, prediction", "XOR.initial, initialization", "first", "second"]
assert re.findall(r"^# ([\w., ]+): \d+ kernels for native", told, re.M) == graphs, told
parts = {}
for block, options in (("XOR", [[f"--graph={graph}"] for graph in ("training", "evaluation", "prediction", "initialization")]),
                       ("first", [[]]), ("second", [[]])):
    for option in options:
        parts |= schedules(run("explain", blocks, "--only", block, *option).stdout)
lines = [line for line in told.splitlines() if line and not line.startswith("#")]
assert schedules(told) == parts and len(lines) == len(parts), told
assert re.search(r"^#   the code of %\d+ of XOR, training$", told, re.M), told
report = json.loads(run("explain", blocks, "--json").stdout)
assert [(each["program"], each["graph"]) for each in report["graphs"]] == [
    (program, graph or None) for program, _, graph in (name.partition(", ") for name in graphs)], report
(work / "blocks.schedules").write_text(told)
again = run("explain", blocks, "--schedule", work / "blocks.schedules")
assert not again.stderr and "chosen" not in again.stdout, again
assert re.findall(r"^# ([\w., ]+): ", run("explain", blocks, "--graph=evaluation").stdout, re.M) == ["XOR, evaluation"]

# An empty name is no name, for no option.
for option in ("--schedule", "--only", "--output"):
    found = run("explain", blocks, option, "", code=2).stderr
    assert f"{option}: expected a value, found ''" in found, found

# A text at stage kernels without schedules has the plain ones.
bare = work / "bare.gir"
bare.write_text(re.sub(r', schedule="[^"]*"', "", run("dump", work / "dots.gir", "--stage=kernels").stdout))
told = run("explain", bare).stdout
assert told.count("plain: the text gives none") == 2 and set(schedules(told).values()) == {"outputs columns 16"}, told

# A name that none of all graphs had is told once, at its place; one that only the initialization had is not.
xor = "examples/xor.gradus"
initialization = schedules(run("explain", xor, "--graph=initialization").stdout)
training = schedules(run("explain", xor, "--graph=training").stdout)
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
told = anonymous(run("explain", "examples/lenet5.gradus", "--graph=training", "--cpu=x86-64-v4").stdout.replace("examples/", ""))
for line in shown.splitlines():
    assert line == "…" or anonymous(line) in told, line
print("explained, given back, edited")
