"""What reference.py computes: functions of one or two numbers as mathematics says them, and the slopes that are
conventions."""
import mpmath as mp
from mpmath import mpf

INF, NAN = mp.inf, mp.nan


class Case:
    """body: a program that makes y; function: y from the inputs, lists nested as they are. `slopes` has those that no
    difference gives: by name of the input, then by the number at that place or by its position, ("at", i)."""

    def __init__(self, name, body, function, inputs, by=None, slopes=None, tolerance=None, f32=None,
                 alone=False):
        self.name, self.body, self.function = name, body, function
        self.by = list(inputs) if by is None else by
        self.f64_inputs, self.f32_inputs = inputs, inputs if f32 is None else f32
        self.slopes, self.tolerance = slopes or {}, tolerance or {}
        self.alone = alone  # each result depends on one element alone
        self.precisions = ["f64", "f32"]

    def inputs(self, precision):
        return self.f64_inputs if precision == "f64" else self.f32_inputs

    def slope(self, name, position, x):
        known = self.slopes.get(name, {})
        if ("at", position) in known:
            return known[("at", position)]
        if mp.isnan(x):
            return "any"
        return next((s for at, s in known.items() if not isinstance(at, tuple) and mpf(at) == x), None)


# ---- functions of one element

MODERATE = [0.0, 1e-8, 1e-3, 0.5, 1.0, 2.0, 3.0, 5.0, 6.0, 10.0, 20.0, 37.0, 50.0, 100.0, 800.0, 1e5]
POINTS = {"f64": [1e-300, 1e-20] + MODERATE + [1e20, 1e150, 1e300],
          "f32": [1e-30, 1e-20] + MODERATE + [1e13, 1e20, 1e30, 3e38]}


def points(precision):
    both = [x for p in POINTS[precision] for x in ([p, -p] if p else [p])]
    return both + [float("inf"), float("-inf"), float("nan")]


def elementwise(name, call, f, at_inf, at_minus_inf, kinks=None, nan=NAN, **options):
    """f of one finite number; (value, slope) at the infinities and nan."""
    special = {INF: at_inf, -INF: at_minus_inf}

    def one(x):
        if mp.isnan(x):
            return nan
        return mpf(special[x][0]) if mp.isinf(x) else f(x)
    slopes = {INF: at_inf[1], -INF: at_minus_inf[1], **(kinks or {})}
    return Case(name, f"y = {call}", lambda x: [one(v) for v in x], {"x": points("f64")}, slopes={"x": slopes},
                f32={"x": points("f32")}, alone=True, **options)


def positive(x):
    return x if x > 0 else mpf(0)


def clamp(x, low, high):
    return max(min(x, high), low)


def sigmoid(x):
    return 1 / (1 + mp.exp(-x)) if x > 0 else mp.exp(x) / (1 + mp.exp(x))


def softplus(x):
    return x + mp.log1p(mp.exp(-x)) if x > 0 else mp.log1p(mp.exp(x))


def tanh(x):
    return mp.sign(x) if abs(x) > 1000 else mp.tanh(x)


def normal_cdf(x):
    """Beyond 1000 mpmath's erfc takes the asymptotic series; there 0 or 1 is exact enough."""
    return mpf(x > 0) if abs(x) > 1000 else mp.erfc(-x / mp.sqrt(2)) / 2


def expm1(x):
    return mp.expm1(x) if x > -5000 else mpf(-1)


def elu(x, alpha):
    return x if x > 0 else alpha * expm1(x)


def gelu_by_tanh(x):
    return positive(x) if abs(x) > 1000 else x * sigmoid(mp.sqrt(8 / mp.pi) * (x + mpf("0.044715") * x ** 3))


def mish(x):
    return positive(x) if abs(x) > 5000 else x * tanh(softplus(x))


def silu(x):
    return positive(x) if abs(x) > 5000 else x * sigmoid(x)


def activations():
    scale, alpha = mpf("1.0507009873554805"), mpf("1.6732632423543772")
    absolute = {"f32 absolute": 2e-7, "f64 absolute": 2e-16}  # slopes that are sums of numbers near 1
    return [
        elementwise("identity_", "identity(x)", lambda x: x, (INF, 1), (-INF, 1)),
        elementwise("unit_step_", "unit_step(x)", lambda x: mpf(x >= 0), (1, 0), (0, 0), {0: 0}, nan=0),
        elementwise("relu_", "relu(x)", positive, (INF, 1), (0, 0), {0: 0}),
        elementwise("relu6_", "relu6(x)", lambda x: clamp(x, 0, 6), (6, 0), (0, 0), {0: 1, 6: 1}),
        elementwise("leaky_relu_", "leaky_relu(x, 0.25)", lambda x: x if x > 0 else x / 4, (INF, 1), (-INF, 0.25),
                    {0: 0.25}),
        elementwise("elu_", "elu(x, 0.5)", lambda x: elu(x, mpf(0.5)), (INF, 1), (-0.5, 0), {0: 0.5},
                    tolerance=absolute),
        elementwise("selu_", "selu(x)", lambda x: scale * elu(x, alpha), (INF, scale), (-scale * alpha, 0),
                    {0: scale * alpha}, tolerance=absolute),
        elementwise("log_sigmoid_", "log_sigmoid(x)", lambda x: -softplus(-x), (0, 0), (-INF, 1)),
        elementwise("normal_cdf_", "normal_cdf(x)", normal_cdf, (1, 0), (0, 0)),
        elementwise("gelu_", "gelu(x)", lambda x: x * normal_cdf(x), (INF, 1), (0, 0),
                    tolerance={"f32": 4e-6}),
        elementwise("gelu_by_tanh_", "gelu(x, approximate: true)", gelu_by_tanh, (INF, 1), (0, 0),
                    tolerance={"f32": 4e-5}),
        elementwise("silu_", "silu(x)", silu, (INF, 1), (0, 0), tolerance=absolute),
        elementwise("mish_", "mish(x)", mish, (INF, 1), (0, 0), tolerance=absolute),
        elementwise("softsign_", "softsign(x)", lambda x: x / (1 + abs(x)), (1, 0), (-1, 0)),
        elementwise("hard_sigmoid_", "hard_sigmoid(x)", lambda x: clamp(x + 3, 0, 6) / 6, (1, 0), (0, 0),
                    {3: mpf(1) / 6, -3: mpf(1) / 6}),
        elementwise("hard_tanh_", "hard_tanh(x)", lambda x: clamp(x, -1, 1), (1, 0), (-1, 0), {1: 1, -1: 1}),
        elementwise("hard_silu_", "hard_silu(x)", lambda x: x * clamp(x + 3, 0, 6) / 6, (INF, 1), (0, 0),
                    {3: 1.5, -3: -0.5}),
    ]


# ---- functions of two numbers, a pair at a time

def pairs(name, call, f, table, slopes, by=("p", "t"), **options):
    """table: (p, t) pairs; slopes: {position: (by p, by t)} where no difference gives them."""
    columns = {"p": [a for a, _ in table], "t": [b for _, b in table]}
    known = {n: {("at", i): pair[k] for i, pair in slopes.items()} for k, n in enumerate(("p", "t"))}

    def all_of(p, t):
        return [f(a, b) for a, b in zip(p, t)]
    return Case(name, f"y = {call}", all_of, columns, by=list(by), slopes=known, **options)


def square(p, t):
    return (p - t) ** 2


def log_cosh(p, t):
    e = abs(p - t)
    return e - mp.log(2) + (mp.log1p(mp.exp(-2 * e)) if mp.isfinite(e) else 0)


def huber(p, t):
    e = abs(p - t)
    return e ** 2 / 2 if e <= 1 else e - mpf(1) / 2


def cross_entropy_of_logit(z, y):
    if not mp.isfinite(z):
        wrong = abs(y - (1 if z > 0 else 0))
        return INF if wrong > 0 else mpf(0)
    return softplus(z) - z * y


def between(x, low=1e-7):
    return clamp(x, mpf(low), 1 - mpf(low))


def relative_entropy(p, q):
    return p * mp.log(p / q) if p > 0 else mpf(0)


def coin_kl(p, t):
    q = between(p)
    return relative_entropy(t, q) + relative_entropy(1 - t, 1 - q)


def losses():
    errors = [(0.0, 0.0), (1e-3, 0.0), (1e-8, 0.0), (0.5, 0.0), (2.0, 0.5), (-3.0, 1.0), (1e15, -1e15), (40.0, -60.0)]
    infinite = [(float("inf"), 0.0), (0.0, float("inf")), (float("-inf"), 0.0), (float("nan"), 0.0)]
    n = len(errors)
    of_errors = {n: (1, -1), n + 1: (-1, 1), n + 2: (-1, 1), n + 3: ("any", "any")}
    logits = [(z, y) for z in (0.0, 1e-8, 3.0, 12.0, 14.0, 17.0, 50.0, 1e4, 1e30) for s in (1, -1) for y in (0.0, 1.0, 0.25)
              for z in (s * z,)]
    ends = [(s * float("inf"), y) for s in (1, -1) for y in (0.0, 1.0, 0.25)]
    m = len(logits)
    coins = [(p, t) for p in (0.0, 0.2, 1.0) for t in (0.0, 1.0, 0.5)] + [(0.3, 0.3)]
    flat = {i: (0, NAN) for i, (p, t) in enumerate(coins) if p in (0.0, 1.0)}
    rough = {"f32": 2e-6, "f32 absolute": 3e-7, "f64 absolute": 3e-15}
    return [
        pairs("mean_squared_error_", "mean_squared_error(p, t, reduce: identity)", square, errors + infinite,
              {**{n: (INF, -INF), n + 1: (-INF, INF), n + 2: (-INF, INF), n + 3: ("any", "any")}}),
        pairs("mean_absolute_error_", "mean_absolute_error(p, t, reduce: identity)", lambda p, t: abs(p - t),
              errors + infinite, {0: (0, 0), **of_errors}),
        pairs("huber_", "huber(p, t, reduce: identity)", huber, errors + infinite, of_errors),
        pairs("log_cosh_", "log_cosh(p, t, reduce: identity)", log_cosh, errors + infinite, of_errors),
        pairs("binary_cross_entropy_logits_", "binary_cross_entropy_logits(p, t, reduce: identity)",
              cross_entropy_of_logit, logits + ends,
              {m + i: ((1 if z > 0 else 0) - mpf(y), 0) for i, (z, y) in enumerate(ends)}, by=("p",),
              tolerance={"f32 absolute": 1e-14, "f64 absolute": 1e-22}),
        pairs("bernoulli_kl_", "bernoulli_kl(p, t, reduce: identity)", coin_kl, coins, flat, by=("p",),
              tolerance={"f32": 1.5e-2, "f32 absolute": 3e-7, "f64": 1e-8, "f64 absolute": 1e-15}),
        pairs("hinge_", "hinge(p, t, reduce: identity)", lambda p, t: positive(1 - t * p),
              [(1.0, 1.0), (0.5, 1.0), (-1e30, 1.0), (1e30, 1.0), (2.0, -1.0)], {0: (0, 0)}),
        pairs("perceptron_loss_", "perceptron_loss(p, t, reduce: identity)", lambda p, t: positive(-t * p),
              [(0.0, 1.0), (0.5, 1.0), (-1e30, 1.0), (1e30, 1.0), (2.0, -1.0)], {0: (0, 0)}),
        pairs("gan_discriminator_", "gan_discriminator(p, t, reduce: identity)",
              lambda p, t: softplus(-p) + softplus(t), [(0.0, 0.0), (50.0, -50.0), (-1e30, 1e30)], {},
              tolerance=rough),
        elementwise("gan_minimax_", "gan_minimax(x, reduce: identity)", lambda x: -softplus(x), (-INF, -1), (0, 0)),
        elementwise("gan_nonsaturating_", "gan_nonsaturating(x, reduce: identity)", lambda x: softplus(-x), (0, 0),
                    (INF, -1)),
    ]
