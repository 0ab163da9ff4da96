#!/usr/bin/env python3
"""Library functions at their ends (0, tiny, huge, infinite, nan, ends of schedules): values and gradients, compiled and
by the evaluator, in f64 and f32, against the numbers in ends.json (which reference.py writes).

ends_test.py GRADUS WORK_DIRECTORY [NAME]
"""
import json
import math
import pathlib
import re
import subprocess
import sys

TOLERANCE = {"f64": 2e-9, "f32": 2e-6}  # relative; ten digits are printed
SMALLEST = {"f64": 1e-306, "f32": 1e-36}  # below, digits are lost


def literal(x):
    if isinstance(x, list):
        return "[" + ", ".join(literal(item) for item in x) + "]"
    if x in ("inf", "-inf", "nan"):
        return x.replace("inf", "infinity")
    return repr(x)


def program(case, precision):
    data = case[precision]
    lines = [f"program {case['name']} {{"]
    lines += [f"  {name} = {literal(value)}" for name, value in data["inputs"].items()]
    lines += [f"  {line}" for line in case["body"].split("\n")] + ["  print y"]
    lines += [f"  print gradient(sum(y), {name})" for name in data["gradients"]]
    return "\n".join(lines + ["}"])


def numbers(text):
    return [float(x) for x in re.findall(r"-?(?:nan|inf|[0-9][0-9.e+-]*)", text.rsplit(" = ", 1)[1])]


def run(gradus, cases, precision, engine, work):
    file = work / f"{precision}.gradus"
    file.write_text("\n\n".join(program(case, precision) for case in cases) + "\n")
    command = [gradus, "run", str(file), "--precision", precision] + engine
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}: exit {done.returncode}\n{done.stderr}")
    printed = {}
    for line in done.stdout.splitlines():
        if line.startswith("program "):
            current = printed.setdefault(line.split()[1], [])
        elif re.match(r" +[0-9]+  ", line):
            current.append(numbers(line))
    return printed


def agree(found, expected, tolerance, smallest):
    if expected is None:  # the slope at nan
        return True
    expected = float(expected)
    if math.isnan(expected) or math.isinf(expected):
        return found == expected or (math.isnan(found) and math.isnan(expected))
    return abs(found - expected) <= tolerance * abs(expected) + smallest


def compare(case, precision, printed, report):
    data = case[precision]
    expected = {"y": data["values"], **{f"dy/d{n}": g for n, g in data["gradients"].items()}}
    allowed = case["tolerance"].get(precision, TOLERANCE[precision])
    floor = case["tolerance"].get(f"{precision} absolute", SMALLEST[precision])
    wrong = 0
    for (what, values), found in zip(expected.items(), printed, strict=True):
        if len(values) != len(found):
            report(f"{case['name']} {what}: {len(found)} numbers, expected {len(values)}")
            wrong += 1
            continue
        for i, (a, b) in enumerate(zip(found, values)):
            if not agree(a, b, allowed, floor):
                wrong += 1
                report(f"{case['name']} {what}[{i}]: {a}, expected {b}; inputs {json.dumps(data['inputs'])[:300]}")
    return wrong


def main():
    gradus, work = sys.argv[1], pathlib.Path(sys.argv[2])
    work.mkdir(parents=True, exist_ok=True)
    cases = json.loads((pathlib.Path(__file__).parent / "ends.json").read_text())
    if len(sys.argv) > 3:
        cases = [case for case in cases if re.match(sys.argv[3], case["name"])]
    wrong = count = 0
    for precision in ("f64", "f32"):
        chosen = [case for case in cases if precision in case]
        for engine in ([], ["--evaluator"]):
            printed = run(gradus, chosen, precision, engine, work)
            for case in chosen:
                count += 1
                wrong += compare(case, precision, printed[case["name"]],
                                 lambda text: print(precision, *engine, text))
    print(f"{count} tables, {wrong} wrong numbers")
    sys.exit(1 if wrong or count == 0 else 0)


if __name__ == "__main__":
    main()
