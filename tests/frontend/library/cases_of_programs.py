"""What reference.py computes: schedules, metrics, layers, initializers, special values and optimizers."""
import ctypes
import math

import mpmath as mp
from mpmath import mpf

from cases_of_elements import INF, NAN, Case, clamp, positive
from cases_of_rows import length


# ---- schedules, at steps before, at and after their ends

def progress(step, start, end):
    return clamp((step - start) / (end - start), mpf(0), mpf(1)) if end > start else mpf(step > start)


def cosine_decay(s, first, last, steps):
    return last + (first - last) / 2 * (1 + mp.cos(mp.pi * progress(s, 0, steps)))


def warmup_cosine(s, peak, warmup, total):
    if warmup > 0 and s <= warmup:
        return peak * progress(s, 0, warmup)
    return peak / 2 * (1 + mp.cos(mp.pi * progress(s, warmup, total)))


def one_cycle(s, peak, steps, up):
    if up > 0 and s <= up * steps:
        return cosine_decay(s, peak / 25, peak, up * steps)
    return cosine_decay(s - up * steps, peak, peak / 250000, steps - up * steps)


def slanted(s, peak, steps, cut, ratio):
    top = cut * steps
    share = max(s, 0) / top if max(s, 0) < top else 1 - max(s - top, 0) / (steps - top)
    return positive(peak * (1 + share * (ratio - 1)) / ratio)


def noam(s, width, warmup):
    if warmup == 0:
        return mpf(width) ** -0.5 * max(s, 1) ** mpf(-0.5)
    return mpf(width) ** -0.5 * (min(s ** mpf(-0.5), s * mpf(warmup) ** -1.5) if s > 0 else 0)


def schedules():
    steps = [-20.0, -1.0, 0.0, 1.0, 2.0, 3.0, 5.0, 9.0, 10.0, 11.0, 18.0, 20.0, 1e6]
    one = mpf(1)
    table = {
        "linear_decay(x, 1.0, 0.25, 10)": lambda s: one + mpf(-0.75) * progress(s, 0, 10),
        "polynomial_decay(x, 1.0, 0.25, 10, power: 0.5)":
            lambda s: mpf(0.25) + mpf(0.75) * (1 - progress(s, 0, 10)) ** mpf(0.5),
        "cosine_decay(x, 1.0, 0.25, 10)": lambda s: cosine_decay(s, one, mpf(0.25), 10),
        "cosine_decay(x, 1.0, 0.25, 0)": lambda s: cosine_decay(s, one, mpf(0.25), 0),
        "exponential_decay(x, 1.0, 0.5, 10)": lambda s: mpf(0.5) ** (max(s, 0) / 10),
        "step_decay(x, 1.0, 0.5, 10)": lambda s: mpf(0.5) ** mp.floor(max(s, 0) / 10),
        "inverse_time_decay(x, 1.0, 0.5, 10)": lambda s: 1 / (1 + max(s, 0) / 20),
        "warmup(x, 1.0, 5)": lambda s: progress(s, 0, 5),
        "warmup(x, 1.0, 0)": lambda s: one,
        "warmup_cosine(x, 1.0, 2, 10)": lambda s: warmup_cosine(s, one, 2, 10),
        "warmup_cosine(x, 1.0, 0, 10)": lambda s: warmup_cosine(s, one, 0, 10),
        "warmup_cosine(x, 1.0, 2, 2)": lambda s: warmup_cosine(s, one, 2, 2),
        "noam(x, 512, warmup: 10)": lambda s: noam(s, 512, 10),
        "one_cycle(x, 1.0, 10)": lambda s: one_cycle(s, one, 10, mpf(0.3)),
        "one_cycle(x, 1.0, 10, up: 0.0)": lambda s: one_cycle(s, one, 10, mpf(0)),
        "slanted_triangular(x, 1.0, 10)": lambda s: slanted(s, one, 10, mpf(0.1), 32),
        "slanted_triangular(x, 1.0, 10, cut: 0.0)": lambda s: slanted(s, one, 10, mpf(0), 32),
        "slanted_triangular(x, 1.0, 10, cut: 1)": lambda s: slanted(s, one, 10, one, 32) if s < 10 else mpf(s == 10),
        "cosine_restarts(x, 1.0, 0.25, 5)": lambda s: cosine_decay(max(s - 1, 0) % 5, one, mpf(0.25), 5),
        "piecewise_constant(x, [2, 10], [1.0, 0.5, 0.25])":
            lambda s: one if s <= 2 else one / 2 if s <= 10 else one / 4,
        "noam(x, 512, warmup: 0)": lambda s: noam(s, 512, 0),
    }
    return [Case(f"schedule_{i}", f"y = {call}", (lambda f: lambda x: [f(s) for s in x])(f), {"x": steps}, by=[],
                 tolerance={"f64 absolute": 1e-15, "f32 absolute": 2e-7}) for i, (call, f) in enumerate(table.items())]


# ---- metrics, layers, initializers, pooling, attention, optimizers

def constants(name, body, values, **options):
    """Results that need no computing."""
    return Case(name, body, lambda **inputs: [mpf(v) for v in values], {}, **options)


def others():
    nan, inf = "nan", "infinity"
    huge = {"f64": [3e200, 4e200], "f32": [3e25, 4e25]}
    return [
        constants("top_k_accuracy_",
                  f"x = [[{nan}, {nan}, {nan}], [1, {nan}, 0], [3, 2, 1], [0, {inf}, 0]]\n"
                  "y = [top_k_accuracy(x, i32([0, 0, 1, 1]), k: 2), top_k_accuracy(x, i32([0, 0, 2, 0]), k: 5)]",
                  [0.5, 0.5]),
        constants("accuracy_",
                  f"x = [[{nan}, {nan}], [1, 0], [-{inf}, 0], [{inf}, 0], [{nan}, 1]]\n"
                  "y = accuracy(x, i32([0, 0, 1, 0, 1]))", [0.6]),
        constants("binary_accuracy_", f"x = [{nan}, 1, {inf}, -{inf}]\ny = binary_accuracy(x, [0, 1, 1, 0])", [0.75]),
        constants("ratios_", "none_of = [0, 0] == [1, 1]\nall_of = [1, 1] == [1, 1]\n"
                  "y = [precision(none_of, all_of), recall(all_of, none_of), f1(none_of, none_of), f1(all_of, all_of)]",
                  [0, 0, 0, 1]),
        Case("root_mean_squared_error_", "y = root_mean_squared_error(p, t)",
             lambda p, t: [length([a - b for a, b in zip(p, t)]) / mp.sqrt(2)], {"p": huge["f64"], "t": [0.0, 0.0]},
             f32={"p": huge["f32"], "t": [0.0, 0.0]}),
        Case("perfect_fit_", "y = root_mean_squared_error(p, t)", lambda p, t: [mpf(0)],
             {"p": [1.0, 2.0], "t": [1.0, 2.0]}, slopes={"p": {1: 0, 2: 0}, "t": {1: 0, 2: 0}}),
        constants("r2_", "y = [r2([1, 1], [1, 1]), r2([1, 2], [1, 1]), r2([1, 3], [1, 3]), r2([2, 2], [1, 3])]",
                  [1, -INF, 1, 0]),
        constants("r2_far_", "y = [r2([1e25, 3e25], [1e25, 3e25]), r2([2e25, 2e25], [1e25, 3e25])]", [1, 0],
                  tolerance={"f64 absolute": 1e-9, "f32 absolute": 1e-6}),
        constants("dropout_", "x = [1.0, infinity, nan]\ny = dropout(x, 0.999999, training: true)", [0, 0, 0]),
        Case("l2_pool2d_", "y = l2_pool2d(reshape(x, [1, 2, 4, 1]), 2)",
             lambda x: [length([x[0], x[1], x[4], x[5]]), length([x[2], x[3], x[6], x[7]])],
             {"x": [3e200, 0.0, 3.0, 0.0, 0.0, 4e200, 4.0, 0.0]},
             f32={"x": [3e25, 0.0, 3.0, 0.0, 0.0, 4e25, 4.0, 0.0]}),
        Case("l2_pool2d_small_", "y = l2_pool2d(reshape(x, [1, 2, 4, 1]), 2)",
             lambda x: [length([x[0], x[1], x[4], x[5]]), length([x[2], x[3], x[6], x[7]])],
             {"x": [3e-200, 0.0, 3.0, 1e-200, 0.0, 4e-200, 4.0, 0.0]}, slopes={"x": {0: 0}},
             f32={"x": [3e-25, 0.0, 3.0, 1e-25, 0.0, 4e-25, 4.0, 0.0]}),
        Case("l2_pool2d_of_zeros_", "y = l2_pool2d(reshape(x, [1, 2, 2, 1]), 2)", lambda x: [mpf(0)],
             {"x": [0.0, 0.0, 0.0, 0.0]}, slopes={"x": {0: 0}}),
        constants("pooling_", f"x = reshape([1, {inf}, -{inf}, -{inf}], [1, 2, 2, 1])\n"
                  "y = concat([reshape(max_pool2d(x), [1]), reshape(min_pool2d(x), [1]),"
                  " reshape(max_pool2d(x, 1), [4])])", [INF, -INF, 1, INF, -INF, -INF]),
        constants("softmax_of_nothing_", "i = infinity\n"
                  "y = concat([softmax([-i, -i]), softmax([i, 0]), log_softmax([-i, -i])])", [NAN] * 6),
        constants("fans_", "y = [fan_in([3, 5]), fan_out([3, 5]), fan_in([]), fan_in([2, 3, 4]), fan_out([2, 3, 4])]",
                  [3, 5, 1, 6, 8]),
        constants("initializers_", "g = glorot_uniform([30, 50])\nt = truncated_normal([1000], 3.0)\n"
                  "o = orthogonal([3, 5])\n"
                  "e = o @ transpose(o)\n"
                  "y = [float(all(abs(g) <= sqrt(6 / 80))), float(max(abs(t)) <= 6),"
                  " max(abs(e - [[1, 0, 0], [0, 1, 0], [0, 0, 1]])), max(abs(constant([2], 7.0)))]", [1, 1, 0, 7],
                  tolerance={"f64 absolute": 1e-14, "f32 absolute": 1e-6}),
        constants("lstm_bias_", "y = lstm_bias([4])", [0, 1, 0, 0]),
        constants("penalties_", "w = [0.0, -2.0]\ny = concat([[l1(w, 0.5), l2(w, 0.5), l1_l2(w, 0.5, 0.25)],"
                  " gradient(l1(w, 0.5), w), gradient(l2(w, 0.5), w)])", [1, 2, 2, 0, -0.5, 0, -2]),
        Case("attention_", "v = [[[1.0], [2.0]]]\nm = [[[true, false]]]\n"
             "y = concat([reshape(dot_product_attention(x, x, v), [2]),"
             " reshape(dot_product_attention(x, x, v, m), [2])])",
             lambda x: [mpf(1.5), mpf(2), mpf(1), mpf(1)], {"x": [[[0.0], [1e15]]]},
             slopes={"x": {0: 0, 1e15: 0}}, by=[]),
    ]


def special_values():
    """pow and atan2 as C's annex F has them; the sign of a zero shows in its reciprocal."""
    library = ctypes.CDLL("libm.so.6")
    inf = float("inf")
    numbers = [0.0, 0.5, 1.0, 2.0, 3.0, inf]
    numbers = numbers + [-x for x in numbers] + [float("nan")]
    table = [(a, b) for a in numbers for b in numbers]
    list_of = []
    for name, call in (("pow", "a ^ b"), ("atan2", "atan2(a, b)")):
        function = getattr(library, name)
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * 2
        values = [function(a, b) for a, b in table]
        signs = [1 / v if v else math.copysign(inf, v) for v in values]
        list_of.append(Case(f"{name}_", f"r = {call}\ny = concat([r, 1 / r])",
                            (lambda v: lambda a, b: v)(values + signs),
                            {"a": [a for a, _ in table], "b": [b for _, b in table]}, by=[]))
    return list_of


def optimizers():
    """One step from 0 with the gradient x, or two of the same where a state matters."""
    x64 = [0.0, 1e-20, 1.0, -1e3, 1e150]
    x32 = [0.0, 1e-20, 1.0, -1e3, 1e18]
    rate = mpf(0.5)
    epsilon = mpf(1e-7)
    table = {
        "sgd(0.5)": lambda g: -rate * g,
        "momentum(0.5)": lambda g: -rate * g,
        "nesterov(0.5)": lambda g: -rate * g * mpf(1.9),
        "adagrad(0.5)": lambda g: -rate * g / (abs(g) + epsilon),
        "rmsprop(0.5, rho: 0.75)": lambda g: -rate * g / (abs(g) / 2 + epsilon),
        "adam(0.5)": lambda g: -rate * g / (abs(g) + epsilon),
        "adamax(0.5)": lambda g: -rate * g / (abs(g) + epsilon),
        "adamw(0.5)": lambda g: -rate * g / (abs(g) + epsilon),
        "lion(0.5)": lambda g: -rate * mp.sign(g),
        "proximal_sgd(0.5, l1: 1.0)": lambda g: mp.sign(-g) * positive(abs(rate * g) - rate),
        "clip_value(2.0) |> sgd(0.5)": lambda g: -rate * clamp(g, -2, 2),
    }

    def body(optimizer, size):
        return f"w = parameter([{size}], zeros)\nminimize sum(x * w) over w with {optimizer}\ny = 1 * w"
    list_of = [Case(f"optimizer_{i}", body(text, len(x64)), (lambda f: lambda x: [f(g) for g in x])(f),
                    {"x": x64}, by=[], f32={"x": x32}, tolerance={"f32": 1e-5})
               for i, (text, f) in enumerate(table.items())]
    for i, optimizer in enumerate(("clip_norm(1.0)", "clip_parameter_norm(1.0)")):
        for j, (a, b) in enumerate((([3e200, 4e200], [3e25, 4e25]), ([0.0, 0.0], [0.0, 0.0]), ([0.3, 0.4], [0.3, 0.4]),
                                    ([3.0, 4.0], [3.0, 4.0]), ([1e-200, 0.0], [1e-30, 0.0]))):
            list_of.append(Case(f"clip_{i}_{j}", body(optimizer + " |> sgd(1.0)", 2),
                                lambda x: [-g / max(length(x), 1) for g in x], {"x": a}, by=[], f32={"x": b}))
        list_of.append(Case(f"clip_{i}_small_", body(optimizer.replace("1.0", "limit") + " |> sgd(1.0)", 2).replace(
            "minimize", "limit = 1e-25\nminimize"), lambda x: [-g * mpf(1e-25) / length(x) for g in x],
            {"x": [3e-25, 4e-25]}, by=[]))
    for name in ("adam", "rmsprop", "adagrad"):
        list_of.append(Case(f"overflow_of_{name}_", body(f"{name}(0.5)", 2), lambda x: [mpf(0), mpf(0)],
                            {"x": [1e200, 0.0]}, f32={"x": [1e25, 0.0]}, by=[]))
    list_of.append(Case("lamb_", body("lamb(0.5)", 2), lambda x: [-rate * g / (abs(g) + mpf(1e-6)) for g in x],
                        {"x": [1e100, -1.0]}, f32={"x": [1e15, -1.0]}, by=[], tolerance={"f32": 1e-5}))
    return list_of
