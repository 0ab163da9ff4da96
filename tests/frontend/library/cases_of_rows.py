"""What reference.py computes: functions of rows."""
import mpmath as mp
from mpmath import mpf

from cases_of_elements import INF, Case, between, clamp, positive, sigmoid


def rows(name, call, f, x, slopes=None, **options):
    return Case(name, f"y = {call}", lambda x: [f(row) for row in x], {"x": x},
                slopes={"x": {("at", i): s for i, s in (slopes or {}).items()}}, **options)


def softmax(row):
    top = max(row)
    powers = [mp.exp(v - top) if mp.isfinite(v) else mpf(0) for v in row]
    return [p / mp.fsum(powers) for p in powers]


def log_softmax(row):
    top = max(row)
    total = mp.log(mp.fsum(mp.exp(v - top) for v in row if mp.isfinite(v)))
    return [v - top - total for v in row]


def length(row):
    return mp.sqrt(mp.fsum(v ** 2 for v in row))


def cosine(p, t):
    product = length(p) * length(t)
    return 1 - mp.fsum(a * b for a, b in zip(p, t)) / product if product > 0 else mpf(1)


def normalized(row, epsilon, centre=True):
    middle = mp.fsum(row) / len(row) if centre else mpf(0)
    deviation = mp.sqrt(mp.fsum((v - middle) ** 2 for v in row) / len(row) + mpf(epsilon))
    return [(v - middle) / deviation for v in row]


def row_functions():
    minus = float("-inf")
    scores = [[0.0, 0.0, 0.0], [1e4, 0.0, -1e4], [1e30, 0.0, 1.0], [-1e30, -1e30, 0.0], [minus, 0.0, 1.0],
              [20.0, 0.0, minus]]
    weights = "z = [1.0, 2.0, -3.0]\n"
    w = [1, 2, -3]
    zero = {i: 0 for i, v in enumerate(v for row in scores for v in row) if v == minus}

    def weighted(f):
        return lambda row: mp.fsum(a * b for a, b in zip(w, f(row)))
    shapes = [[0.0, 0.0], [3.0, 4.0], [-1e-4, 0.0], [1e-8, 1e-9]]
    far64, far32 = [[3e200, 4e200], [3e-200, 4e-200], [1e300, -1e300]], [[3e25, 4e25], [3e-25, 4e-25], [1e38, -1e38]]
    norm_zero = {0: 0, 1: 0}
    half = mpf(1) / mp.sqrt(2)
    directions = [[1e-4, 0.0], [3.0, 4.0], [1.0, 0.0], [1.0, 1e-6], [0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1e-8, 1e-8]]
    towards = [[2e-4, 0.0], [3.0, 4.0], [-1.0, 0.0], [1.0, -1e-6], [1.0, 0.0], [0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    undirected = {("at", i): 0 for i in (8, 9, 10, 11)}

    def angles(p, t):
        return [cosine(a, b) for a, b in zip(p, t)]
    ordinary = [[1.0, 2.0, 4.0, 8.0], [-1.0, 0.0, 0.0, 1.0], [1e-3, 2e-3, -1e-3, 0.0]]
    equal = [[2.0, 2.0, 2.0, 2.0]]
    huge64 = [[1e200, -2e200, 4e200, 0.0], [1e30, 2e30, 3e30, 5e30]]
    huge32 = [[1e25, -2e25, 4e25, 0.0], [1e38, 2e38, -3e38, 1e37]]
    v = [1, -2, 3, 5]
    v_text = "v = [1.0, -2.0, 3.0, 5.0]\n"

    # Beyond 1e15 numbers that differ little, and those that do not at all
    near64, near32 = ([[2 * x, 2 * x + step, 2 * x, 2 * x], [2 * x] * 4] for x, step in ((1e15, 1.0), (2.0 ** 60, 2.0 ** 40)))

    def norm_case(name, call, epsilon, centre=True, extra=(), extra32=()):
        def f(row):
            return mp.fsum(a * b for a, b in zip(v, normalized(row, epsilon, centre)))
        return Case(name, v_text + f"y = sum(v * {call}, over: -1)", lambda x: [f(row) for row in x],
                    {"x": ordinary + equal + list(extra) + huge64}, f32={"x": ordinary + equal + list(extra32) + huge32},
                    tolerance={"f64": 1e-8, "f32": 1e-5, "f64 absolute": 1e-12, "f32 absolute": 2e-4})
    return [
        Case("softmax_", weights + "y = sum(z * softmax(x), over: -1)", lambda x: [weighted(softmax)(r) for r in x],
             {"x": scores}, slopes={"x": {("at", i): 0 for i in zero}},
             tolerance={"f32 absolute": 3e-7, "f64 absolute": 1e-15}),
        Case("log_softmax_", "y = log_softmax(x)", lambda x: [log_softmax(r) for r in x], {"x": scores[:4]},
             tolerance={"f32 absolute": 3e-7, "f64 absolute": 1e-15}),
        rows("norm_", "norm(x, axis: -1)", length, shapes + far64, norm_zero, f32={"x": shapes + far32}),
        Case("norm_of_all_", "y = norm(x)", lambda x: [length([v for r in x for v in r])],
             {"x": [[1e300, 0.0], [1e300, 1.0]]}, f32={"x": [[1e38, 0.0], [1e38, 1.0]]},
             tolerance={"f64 absolute": 1e-299}),
        Case("norm_of_nothing_", "y = norm(x)", lambda x: [length(x)], {"x": [0.0, 0.0]},
             slopes={"x": {0: 0}}),
        Case("length_as_written_", "y = sqrt(sum(x ^ 2, over: -1))", lambda x: [length(r) for r in x], {"x": shapes},
             slopes={"x": {("at", 0): 0, ("at", 1): 0}}),
        Case("deviation_of_equal_", "y = sqrt(mean((x - mean(x)) ^ 2))", lambda x: [mpf(0)], {"x": [2.0, 2.0, 2.0]},
             slopes={"x": {2: 0}}),
        Case("cosine_distance_", "y = cosine_distance(p, t, reduce: identity)", angles, {"p": directions, "t": towards},
             slopes={"p": undirected, "t": undirected},
             tolerance={"f64": 1e-8, "f32": 1e-5, "f32 absolute": 2e-3, "f64 absolute": 1e-11}),
        Case("cosine_distance_far_", "y = cosine_distance(p, t, reduce: identity)", angles,
             {"p": [[3e200, 4e200], [3e-200, 4e-200]], "t": [[3e200, 4e200], [4e-200, 3e-200]]},
             f32={"p": [[3e15, 4e15], [3e30, 4e30]], "t": [[3e15, 4e15], [4e30, 3e30]]}, by=[],
             tolerance={"f32 absolute": 1e-13, "f64 absolute": 1e-30}),
        rows("direction_", "direction(x).unit_vector * [1.0, 2.0]",
             lambda row: [v / length(row) * k if length(row) > 0 else mpf(0) for k, v in enumerate(row, 1)],
             [[0.0, 0.0], [3.0, 4.0], [1e-8, 1e-9]], norm_zero, tolerance={"f64": 1e-8, "f32": 1e-5}),
        norm_case("layer_norm_", "layer_norm(x)", 1e-5, extra=near64, extra32=near32),
        norm_case("rms_norm_", "rms_norm(x)", 1e-6, False),
        Case("group_norm_",
             v_text + "y = sum(v * reshape(group_norm(reshape(x, [-1, 2, 1, 2]), 1), [-1, 4]), over: -1)",
             lambda x: [mp.fsum(a * b for a, b in zip(v, normalized(r, 1e-5))) for r in x],
             {"x": ordinary + equal + near64 + huge64}, f32={"x": ordinary + equal + near32 + huge32},
             tolerance={"f64": 1e-8, "f32": 1e-5, "f64 absolute": 1e-12, "f32 absolute": 2e-4}),
        Case("batch_norm_", v_text + "y = sum(v * reshape(batch_norm(reshape(x, [4, 1]), training: true), [4]))",
             lambda x: [mp.fsum(a * b for a, b in zip(v, normalized(x, 1e-3)))],
             {"x": huge64[0]}, f32={"x": huge32[1]},
             tolerance={"f64": 1e-8, "f32": 1e-5, "f64 absolute": 1e-12, "f32 absolute": 1e-5}),
        Case("glu_", "y = glu(x)", lambda x: [[r[0] * sigmoid(r[1])] for r in x],
             {"x": [[1.0, 0.0], [1e30, -1e4], [-1e30, 1e4], [2.0, 1e30]]},
             tolerance={"f32 absolute": 1e-7, "f64 absolute": 1e-16}),
    ]


def class_losses():
    minus = float("-inf")
    logits = [[0.0, 0.0, 0.0], [1e4, 0.0, -1e4], [minus, 0.0, 1.0], [minus, 0.0, 1.0], [0.0, 1e30, 0.0]]
    target = [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 0.5, 0.5], [0.0, 1.0, 0.0]]

    def of_logits(p, t):
        return [-mp.fsum(b * a for a, b in zip(log_softmax(x), y) if b != 0) for x, y in zip(p, t)]
    gone = {("at", 6): 0, ("at", 9): 0}
    rough = {"f32 absolute": 3e-7, "f64 absolute": 1e-15}
    shares = [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5], [0.25, 0.75]]
    wanted = [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.25, 0.75]]

    def entropy(p, t):
        return [-mp.fsum(b * mp.log(clamp(a, mpf(1e-7), 1)) for a, b in zip(x, y)) for x, y in zip(p, t)]

    def divergence(p, t):
        return [mp.fsum(b * mp.log(clamp(b, mpf(1e-7), 1) / clamp(a, mpf(1e-7), 1)) for a, b in zip(x, y))
                for x, y in zip(p, t)]
    bound = {("at", i): s for i, s in {0: -1, 1: 0, 2: 0, 3: 0}.items()}
    return [
        Case("categorical_cross_entropy_logits_", "y = categorical_cross_entropy_logits(p, t, reduce: identity)",
             of_logits, {"p": logits, "t": target}, by=["p"], slopes={"p": gone}, tolerance=rough),
        Case("impossible_class_", "y = categorical_cross_entropy_logits(p, t, reduce: identity)", lambda p, t: [INF],
             {"p": [[minus, 0.0]], "t": [[1.0, 0.0]]}, by=[]),
        Case("sparse_categorical_cross_entropy_",
             "y = sparse_categorical_cross_entropy(p, i32([0, 0, 2, 1, 1]), reduce: identity)",
             lambda p: [-log_softmax(x)[k] for x, k in zip(p, [0, 0, 2, 1, 1])], {"p": logits}, slopes={"p": gone},
             tolerance=rough),
        Case("categorical_cross_entropy_", "y = categorical_cross_entropy(p, t, reduce: identity)", entropy,
             {"p": shares, "t": wanted}, by=["p"], slopes={"p": bound}, tolerance=rough),
        Case("kl_divergence_", "y = kl_divergence(p, t, reduce: identity)", divergence, {"p": shares, "t": wanted},
             by=["p"], slopes={"p": bound}, tolerance={"f32": 2e-6, **rough}),
        Case("gaussian_kl_", "y = gaussian_kl(p, t, reduce: identity)",
             lambda p, t: [mp.fsum(a ** 2 + mp.exp(b) - b - 1 for a, b in zip(x, y)) / 2 for x, y in zip(p, t)],
             {"p": [[0.0, 0.0], [1e15, 1.0], [2.0, -1.0], [0.0, 0.0], [0.0, 0.0]],
              "t": [[0.0, 0.0], [1.0, -50.0], [-80.0, 2.0], [3e-4, -1e-8], [0.09, -0.11]]},
             tolerance={"f32": 3e-6, "f64 absolute": 1e-100}),
        Case("triplet_", "y = triplet(a, p, n, squared: false, reduce: identity)",
             lambda a, p, n: [positive(length([u - v for u, v in zip(x, y)]) - length([u - v for u, v in zip(x, z)])
                                       + mpf(0.2)) for x, y, z in zip(a, p, n)],
             {"a": [[1.0, 2.0], [0.0, 0.0]], "p": [[1.0, 2.0], [3e-8, 4e-8]], "n": [[1.0, 2.0], [0.0, 0.0]]},
             slopes={"a": {("at", 0): 0, ("at", 1): 0, ("at", 2): mpf(-0.6), ("at", 3): mpf(-0.8)},
                     "p": {("at", 0): 0, ("at", 1): 0}, "n": {("at", i): 0 for i in range(4)}},
             tolerance={"f32": 3e-6, "f64": 1e-8}),
        Case("focal_", "y = focal(p, t, reduce: identity)",
             lambda p, t: [-mpf(0.25) * (1 - q) ** 2 * mp.log(q)
                           for q in (between(b * a + (1 - b) * (1 - a)) for a, b in zip(p, t))],
             {"p": [0.0, 0.25, 1.0], "t": [1.0, 1.0, 1.0]}, by=["p"], slopes={"p": {0: 0, 1: 0}},
             tolerance={"f32 absolute": 1e-7}),
        Case("binary_cross_entropy_", "y = binary_cross_entropy(p, t, reduce: identity)",
             lambda p, t: [-(b * mp.log(between(a)) + (1 - b) * mp.log(1 - between(a))) for a, b in zip(p, t)],
             {"p": [0.0, 0.25, 1.0, 0.0, 1.0], "t": [0.0, 1.0, 1.0, 1.0, 0.0]}, by=["p"],
             slopes={"p": {0: 0, 1: 0}}, tolerance={"f32": 1.2e-2, "f32 absolute": 3e-8, "f64": 1e-8}),
        Case("smooth_labels_", "y = smooth_labels(x)", lambda x: [[mpf(0.9) * v + mpf(0.1) / 2 for v in r] for r in x],
             {"x": [[0.0, 1.0]]}),
    ]
