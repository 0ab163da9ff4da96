// Random changes to programs that work: elaboration must end in graphs or diagnostics, never otherwise.
#include <random>

#include "tests/frontend/elaborate/elaborate_helpers.h"
#include "tests/support/effort.h"

using namespace gradus;
using namespace gradus::language;

namespace {

const char* const seeds[] = {
    R"(
function bump(z, k: float = 2.0) = z * exp(-z ^ 2) * k
layer cell(x: [batch, n], h: [batch, units], mask: bool[batch] = none, units: int, kind: a | b = a) -> next, seen {
  w = parameter([n, units], normal(_, 0.02))
  u = parameter([units, units], glorot_uniform)
  count = state([], zeros)
  if training { update count = count + 1 }
  next = tanh(x @ w + h @ u)
  if mask != none { next = where(mask[.., none], next, h) }
  seen = if kind == a { sum(next, over: -1, keep: true) } else { next[..., 0..1] }
}
model M(x: [batch, 2], width = 3) -> logit {
  use c = cell(width)
  h = zeros([batch, width])
  for i in 0..2 as blocks {
    h, s = c(x, h, mask: x[.., 0] > 0)
    h = h + (h |> dense(4, activation: bump(_, 0.5)) as up |> dense(width) as down) as mlp
  }
  q = [h, s] |> concat(axis: -1) |> dropout(0.3)
  logit = q |> dense(1) as output
}
train M(width: 3) {
  data rows(x: [[0, 0], [0, 1]], target: [[0], [1]]) -> x, target
  split(validation: 0.5)
  batch = 4; epochs = 20; seed = 1
  loss = binary_cross_entropy_logits(logit, target)
  metric accuracy = mean((logit > 0) == (target == 1))
  minimize loss over output, blocks[1] with clip_norm(1.0) |> adam(rate: 0.05) as first
  minimize mean(logit ^ 2) over c.w with momentum(cosine_decay(step, 1e-2, 1e-3, 100))
  early_stopping(monitor: validation.loss, patience: 3)
  finally { print "done", train.loss; expect train.accuracy == 1 within 0.1 }
}
)",
    R"(
function fib(n) = if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
layer twice(x: [..., n]) -> y { use f = dense(n, bias: false); y = f(f(x)) }
program p {
  x = [[1, 2], [3, 4], [5, 6]]; k = 2; n = 3
  ids = i32([0, 2])
  rows = x[ids, ..] + x[0..n by 2] * k
  a, b = split(rows, 2)
  scan r in x, t in 0..3 along 0 by -1 with s = 0, c = zeros([2]) {
    c = c * 0.5 + r * t
    s = s + sum(c)
    collect path = s
    collect slope = gradient(s, r)
  }
  w = parameter([2, 1], ones)
  for t in 0..3 {
    loss = mean((x @ w) ^ 2)
    minimize loss over w with adam(0.1)
    collect history = loss
  }
  y = twice(x) as t
  expect fib(10) == 55 and not (n > 4)
  expect y[-1, ..] about [1.0, 2.0] within 100
  expect gradient(sum(y), t.f.weight) == gradient(sum(y), [w, t.f.weight])[1]
  print "values", path, slope, history, shape(y[none, ...]), max(a, b) // 2 % 3
}
)"};

const char* const pieces[] = {"0",     "-1",       "3",     "1e9",   "none", "x",      "h",     "_",
                              "...",   "(",        ")",     "[",     "]",    "{",      "}",     ",",
                              "..",    ":",        " as q", "1 / 0", "sum",  "dense",  "zeros", "batch",
                              "step",  "gradient", "scan",  "for",   "if",   "update", "model", "true",
                              "\"s\"", "@",        "|>",    "==",    ".w",   ".*",     "0..2",  "[2, 3]"};

}  // namespace

TEST_CASE("mutated programs end in graphs or diagnostics") {
  std::mt19937 random(7);
  size_t graphs = 0;
  size_t failures = 0;
  for (int round = 0; round < testing::effort(1500, 150); ++round) {
    std::string text = seeds[random() % 2];
    const int changes = 1 + static_cast<int>(random() % 3);
    for (int i = 0; i < changes; ++i) {
      const size_t at = random() % text.size();
      const size_t length = random() % 2 == 0 ? 0 : random() % std::min<size_t>(12, text.size() - at);
      text.replace(at, length, random() % 4 == 0 ? "" : pieces[random() % std::size(pieces)]);
    }
    INFO(text);
    try {
      const std::vector<Diagnostic> errors = errors_of(text);
      ++(errors.empty() ? graphs : failures);
      for (const Diagnostic& error : errors) CHECK(error.message.find("internal") == std::string::npos);
    } catch (const std::exception& other) {
      FAIL("not a diagnostic: " << other.what());
    }
  }
  CHECK(graphs > 0);
  CHECK(failures > testing::effort(500u, 50u));
}
