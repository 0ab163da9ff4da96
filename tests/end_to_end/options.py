#!/usr/bin/env python3
"""Every option of every command takes effect or is refused with its name, for whatever FILE may be.

The options come from --help, so a new one must be given a value here. "Effect" means another output, other files or
another exit code than without the option; what works without a trace on good input is listed with its reason.
"""
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

gradus, work = sys.argv[1], Path(sys.argv[2])
shutil.rmtree(work, ignore_errors=True)
work.mkdir(parents=True)

(work / "lesson.gradus").write_text("""function square(z) = z * z
program first {
  x = [1.0, 2.0]
  y = sum(exp(x) * x) + sum(square(x)) - sum(square(x))
  g = gradient(y, x)
  expect y == 17.496394027163277
  print g
}
""")
(work / "train.gradus").write_text("""function twice(z) = z + z
model M(x: [batch, 2]) -> y { y = twice(twice(x) |> dense(3)) |> dense(1) as last }
train M {
  data rows(x: [[0, 0], [0, 1], [1, 0], [1, 1]], target: [[0], [1], [1], [0]]) -> x, target
  batch = 4
  epochs = 2
  seed = 1
  loss = mean_squared_error(y, target)
  minimize loss with sgd(0.1)
}
""")
(work / "layout.gradus").write_text("x  =  1")
(work / "open.gradus").write_text("model M(x: [batch, size]) -> y { y = x |> dense(3) }\n")


def run(*arguments, folder=work):
    return subprocess.run([gradus, *arguments], cwd=folder, capture_output=True, timeout=300)


def need(*arguments):
    result = run(*arguments)
    assert result.returncode == 0, (arguments, result.stderr.decode())


need("run", "lesson.gradus", "--save-inputs", "inputs.safetensors")
need("train", "train.gradus", "-q", "-o", "trained")
need("run", "train.gradus", "--save-inputs", "step.safetensors")
(work / "rows.csv").write_text("first,second\n0,1\n1,1\n")
(work / "labelled.csv").write_text("first,second,target\n0,1,1\n1,1,0\n")
(work / "schedules.txt").write_text("nothing_00000000: map\n")
for stage in ("forward", "optimized", "kernels", "loops"):
    need("dump", "train.gradus", "--stage", stage, "-o", stage + ".gir")

# What each option is given.
values = {
    "--only": "M", "--precision": "f64", "--inputs": "inputs.safetensors", "--save-inputs": "out.safetensors",
    "--save-outputs": "out.safetensors", "--data": "no.npz", "--set": "epochs=3", "--cpu": "x86-64-v3", "--threads": "2",
    "--verify-each": "numeric", "--print-after": "simplify", "--stop-after": "simplify", "--stage": "backward",
    "--format": "dot", "--graph": "evaluation", "--output": "out", "--passes": "simplify", "--elements": "1",
    "--rows": "2", "--seed": "7", "--checkpoint": "trained/checkpoint.safetensors",
    "--template": "text", "--schedule": "schedules.txt", "--resume": "trained", "--initialize": "trained/checkpoint.safetensors", "--checkpoint-every": "1",
    "--name": "second", "--sort": "loss", "--svg": "out",
}
# Without a trace where all is well.
silent = {
    "--threads": "the same bits with any number",
    "--cpu": "the same bits on any",
    "--verify-each": "speaks of a broken pass",
    "--check-numerics": "speaks of a value that is not finite",
    "--no-memo": "the same values",
    "--quiet": "no progress is shown outside of a terminal",
    "--only": "it is the only block",
    "--evaluator": "the same values",
}
# (command and FILE, other arguments, values of options that differ here)
cases = [
    (["run", "lesson.gradus"], {"--only": "first", "--precision": "f32"}),
    (["run", "lesson.gradus", "--evaluator"], {"--only": "first", "--precision": "f32"}),
    (["run", "train.gradus"], {"--inputs": "step.safetensors", "--set": "batch=2"}),
    (["run", "forward.gir", "--inputs", "step.safetensors"], {}),
    (["run", "optimized.gir", "--as-is", "--inputs", "step.safetensors"], {"--print-after": "fuse"}),
    (["run", "kernels.gir", "--inputs", "step.safetensors"], {"--print-after": "fuse"}),
    (["run", "loops.gir", "--inputs", "step.safetensors"], {}),
    (["dump", "train.gradus"], {"--set": "batch=2"}),
    (["dump", "train.gradus", "--stage=optimized"], {"--print-after": "hoist", "--stop-after": "hoist", "--set": "batch=2"}),
    (["dump", "train.gradus", "--stage=optimized", "--format=formula"], {"--set": "batch=2"}),
    (["dump", "train.gradus", "--stage=kernels"], {"--stage": "loops", "--stop-after": "schedule", "--set": "batch=2"}),
    (["dump", "train.gradus", "--stage=loops"], {"--stage": "llvm", "--cpu": "x86-64-v4", "--set": "batch=2"}),
    (["dump", "train.gradus", "--stage=llvm"], {"--stage": "asm", "--set": "batch=2"}),
    (["dump", "train.gradus", "--explain-memory"], {"--set": "batch=2"}),
    (["dump", "lesson.gradus", "--stage=backward"], {"--only": "first", "--stage": "optimized", "--precision": "f32"}),
    (["dump", "forward.gir", "--stage=backward"], {"--stage": "optimized"}),
    (["dump", "loops.gir", "--stage=llvm"], {"--stage": "asm"}),
    (["dump", "kernels.gir", "--stage=loops"], {"--stage": "asm"}),
    (["explain", "train.gradus"], {"--set": "batch=2"}),
    (["explain", "lesson.gradus"], {"--only": "first", "--precision": "f32"}),
    (["explain", "optimized.gir"], {}),
    (["explain", "kernels.gir"], {}),
    (["opt", "forward.gir", "--passes=simplify"], {"--passes": "differentiate"}),
    (["opt", "optimized.gir", "--passes=fuse,schedule"], {"--passes": "fuse", "--print-after": "fuse", "--stop-after": "fuse"}),
    (["opt", "--list"], {}),
    (["check", "lesson.gradus"], {"--only": "first"}),
    (["check", "train.gradus"], {"--set": "seed=2"}),
    (["show"], {}),
    (["show", "adam"], {}),
    (["show", "train.gradus"], {"--set": "seed=two"}),
    (["show", "open.gradus", "M"], {"--set": "size=3"}),
    (["format", "layout.gradus"], {}),
    (["new", "out", "--template=gan"], {"--template": "text"}),
    (["ops"], {}),
    (["ops", "add"], {}),
    (["train", "train.gradus", "-o", "run"], {"--set": "epochs=3"}),
    (["predict", "trained"], {"--data": "rows.csv", "--output": "out.npz", "--set": "seed=3"}),
    (["runs", "trained"], {"--sort": "loss"}),
    (["evaluate", "trained"], {"--data": "labelled.csv", "--set": "seed=3"}),
]
# Options whose effect a case cannot show, and why.
no_trace = {
    ("run lesson.gradus", "--inputs"): "the values are those that it has",
    ("run train.gradus", "--inputs"): "the values are those that it has",
    ("dump train.gradus --stage=optimized --format=formula", "--precision"): "formulas name no element type",
    ("opt forward.gir --passes=simplify", "--stop-after"): "it is the last pass anyway",
    ("runs trained", "--sort"): "there is one run",
    ("train train.gradus -o run", "--overwrite"): "there is no run in its place",
    ("predict trained", "--set"): "the parameters are those of the checkpoint",
    ("evaluate trained", "--set"): "the parameters are those of the checkpoint",
    ("check lesson.gradus", "--elements"): "two elements are compared by chance alike",
    ("train train.gradus -o run", "--checkpoint-every"): "a run that ends leaves the same files",
}


def options_of(command):
    text = run(command, "--help").stdout.decode()
    found = []
    for line in text.splitlines():
        match = re.match(r"  (?:-\w,)?(--[a-z-]+)(\S*)( [A-Z{]\S*)?", line)
        if match and match[1] not in ("--help", "--version"):
            found.append((match[1], bool(match[3]) or "[=" in match[2]))
    assert found or command == "help", text
    assert not re.search(r"\(\d*x\)|TEXT:|INT:|[a-z]\{", text), f"what the parser of options says to itself: {text}"
    return found


outputs = ("out", "out.gradus", "out.txt", "out.safetensors", "out.npz", "run", "runs")
timeless = re.compile(rb"\d+\.\d+ (ms|s)\b|\d+\.\d{2} +\d+\.\d+")


def outcome(arguments, folder):
    for name in outputs:
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).unlink(missing_ok=True)
    result = run(*arguments, folder=folder)
    files = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.relative_to(folder).parts[0] in outputs:
            holds_times = path.suffix in (".json", ".csv", ".svg")
            files[str(path.relative_to(folder))] = b"" if holds_times else path.read_bytes()
    return result.returncode, timeless.sub(b"", result.stdout), timeless.sub(b"", result.stderr), files


def fault(arguments, plain, option, value, folder):
    """What is wrong with this option here; empty if nothing is."""
    given = [each for each in arguments if not (value and each.startswith(option + "="))]
    found = outcome(given + [f"{option}={value}" if value else option], folder)
    code, _, err, _ = found
    if code == 2 and b"error:" in err and (option.encode() in err or (value and value.encode() in err)):
        return ""  # refused by its name, or used and found wrong
    if code in (0, 1, 3) and (found != plain or option in silent):
        return ""
    return f"exit {code}, no effect and no word\n{err.decode()}"


def check(case):
    number, (arguments, own) = case
    folder = work / f"case_{number}"
    shutil.copytree(work, folder, ignore=shutil.ignore_patterns("case_*", *outputs))
    name = " ".join(arguments)
    plain = outcome(arguments, folder)
    if plain[0] != 0:
        return [f"{name}: exit {plain[0]}: {plain[2].decode()}"]
    failures = []
    for option, takes_value in options[arguments[0]]:
        value = own.get(option, values.get(option)) if takes_value else None
        if takes_value and value is None:
            failures.append(f"{arguments[0]} {option}: what value may it have? (tell this test)")
            continue
        stands = any(each.split("=")[0] == option or (option == "--output" and each == "-o") for each in arguments)
        if (stands and option not in own) or (name, option) in no_trace:
            continue
        if wrong := fault(arguments, plain, option, value, folder):
            failures.append(f"{name} {option}: {wrong}")
    return failures


options = {command: options_of(command) for command in {arguments[0] for arguments, _ in cases}}
with ThreadPoolExecutor(os.cpu_count()) as pool:
    failures = [each for found in pool.map(check, enumerate(cases)) for each in found]
# What is printed on the way looks like what is printed at the end.
for arguments in (["dump", "train.gradus", "--stage=optimized", "--no-origins"],
                  ["dump", "train.gradus", "--stage=optimized", "--format=formula"],
                  ["opt", "forward.gir", "--passes=simplify,hoist", "--no-origins"]):
    printed = run(*arguments, "--print-after-all").stdout.decode()
    if '@"' in printed or printed.count("; after ") < 2:
        failures.append(f"{' '.join(arguments)} --print-after-all: {printed[:400]}")
print("\n".join(failures))
sys.exit(bool(failures))
