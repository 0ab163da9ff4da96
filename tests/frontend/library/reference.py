#!/usr/bin/env python3
"""Writes ends.json: what library functions give at their ends, by mpmath (Debian's python3-mpmath; the test needs only
the file).

A case is a program's body, its inputs and, in both precisions, the exact results and gradients (of the sum of the
results) for the inputs as that precision rounds them. Slopes come from central differences with hundreds of digits; at
kinks and infinities, where there is no difference to take, they are written down by hand: these are the conventions of
docs/numbers.md.
"""
import json
import math
import pathlib
import struct

import mpmath as mp

from cases_of_elements import activations, losses
from cases_of_programs import optimizers, others, schedules, special_values
from cases_of_rows import class_losses, row_functions

mp.mp.dps = 60
LARGEST = {"f32": mp.mpf(2) ** 128 * (1 - mp.mpf(2) ** -25), "f64": mp.mpf(2) ** 1024 * (1 - mp.mpf(2) ** -54)}


def rounded(x, precision):
    """x as the precision holds it; None of the result is beyond its range."""
    return struct.unpack("f", struct.pack("f", x))[0] if precision == "f32" else float(x)


def number(x, precision):
    x = mp.mpf(x)
    if mp.isnan(x):
        return "nan"
    if abs(x) >= LARGEST[precision]:
        return "inf" if x > 0 else "-inf"
    return float(mp.nstr(x, 20))


def flatten(x):
    return [y for item in x for y in flatten(item)] if isinstance(x, list) else [x]


def like(shape, flat):
    return [like(item, flat) for item in shape] if isinstance(shape, list) else next(flat)


def difference(case, inputs, name, index):
    flat = flatten(inputs[name])
    if case.alone:
        flat, index, inputs = [flat[index]], 0, {name: [flat[index]]}
    step = mp.mpf(10) ** -60 * (abs(flat[index]) if flat[index] != 0 else 1)

    def moved(change):
        changed = flat[:index] + [flat[index] + change] + flat[index + 1:]
        return flatten(case.function(**{**inputs, name: like(inputs[name], iter(changed))}))
    sizes = [abs(mp.log10(abs(x))) for given in inputs.values() for x in flatten(given) if x != 0 and mp.isfinite(x)]
    with mp.workdps(400 + int(2 * max(sizes, default=0))):
        # Results that are not finite belong to other elements.
        rise = mp.fsum(a - b for a, b in zip(moved(step), moved(-step)) if mp.isfinite(a) and mp.isfinite(b))
        return rise / (2 * step)


def entry(case, precision):
    texts = case.inputs(precision)
    inputs = {n: like(x, iter([mp.mpf(rounded(v, precision)) for v in flatten(x)])) for n, x in texts.items()}
    case.precision = precision
    values = flatten(case.function(**inputs))
    gradients = {}
    for name in case.by:
        slopes = []
        for i, x in enumerate(flatten(inputs[name])):
            known = case.slope(name, i, x)
            slopes.append(None if known == "any" else
                          number(difference(case, inputs, name, i) if known is None else known, precision))
        gradients[name] = slopes
    return {"inputs": {n: like(x, iter([v if math.isfinite(v) else str(v) for v in flatten(x)]))
                       for n, x in texts.items()},  # mpmath knows no -0
            "values": [number(v, precision) for v in values], "gradients": gradients}


def main():
    cases = []
    for case in (activations() + losses() + row_functions() + class_losses() + schedules() + others() + special_values()
                 + optimizers()):
        cases.append({"name": case.name, "body": case.body, "tolerance": case.tolerance,
                      **{p: entry(case, p) for p in case.precisions}})
    text = ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases)
    (pathlib.Path(__file__).parent / "ends.json").write_text(f"[\n{text}\n]\n")


if __name__ == "__main__":
    main()
