#include <fstream>
#include <iterator>

#include "tests/frontend/elaborate/elaborate_helpers.h"

using namespace gradus;
using namespace gradus::language;

namespace {

// A lesson around statements.
std::string program(const std::string& statements) { return "program lesson {\n" + statements + "\n}\n"; }

}  // namespace

TEST_CASE("the neuron of the notes") {
  CHECK(check_lesson(R"(
program neuron {
  x = [0.9, 0.2, 0.3]; w = [2, 3, -1]; b = 0.5
  z = sum(w * x) + b
  a = sigmoid(z)
  expect z == 2.6
  expect a about 0.9308615797
  expect gradient(a, w) == a * (1 - a) * x
  print z, a, gradient(a, w)
}
)") == 3);
}

TEST_CASE("back-propagation by hand and by machine") {
  CHECK(check_lesson(R"(
program backpropagation {
  x1 = 8; x2 = 8; y = 0
  w111 = 0.1; w121 = 0.1; b11 = 0.0
  w112 = 0.1; w122 = 0.1; b12 = 0.0
  w211 = 0.1; w221 = 0.1; b21 = 0.0
  o11 = sigmoid(w111 * x1 + w121 * x2 + b11)
  o12 = sigmoid(w112 * x1 + w122 * x2 + b12)
  p   = sigmoid(w211 * o11 + w221 * o12 + b21)
  loss = -(y * log(p) + (1 - y) * log(1 - p))
  expect o11  about 0.8320183851
  expect p    about 0.5415051896
  expect loss about 0.7798063059
  dz = -(y - p)
  expect gradient(loss, p)    == (p - y) / (p * (1 - p))
  expect gradient(loss, w211) == dz * o11
  expect gradient(loss, b21)  == dz
  d1 = dz * w211 * o11 * (1 - o11)
  expect gradient(loss, [w111, w121, b11]) == [d1 * x1, d1 * x2, d1]
  expect gradient(loss, w111) about 0.0605462549
  new_w111 = w111 - 0.1 * gradient(loss, w111)
  expect new_w111 about 0.0939453745
}
)") == 9);
}

TEST_CASE("every assignment has an identity of its own") {
  CHECK(check_lesson(program("x = 1; y = 1\nexpect gradient(x * y, x) == 1")) == 1);
  CHECK(check_lesson(program("x = 2; y = x * x; z = y; expect gradient(z * y, y) == 8")) == 1);
}

TEST_CASE("known numbers") {
  CHECK(check_lesson(R"(
function size(n) = if n < 2 { n } else { size(n - 1) + size(n - 2) }
program known {
  expect 128 / 4 == 32
  expect 1 / 2 == 0.5
  expect -7 // 2 == -4
  expect -7 % 3 == 2
  expect 2 ^ 10 == 1024
  expect -2 ^ 2 == -4
  expect size(20) == 6765
  expect prod([2, 3, 4]) == 24
  expect max(3, 5) == 5 and min(3, 5) == 3
  expect length([1, 2, 3][1..]) == 2
  n = 3
  expect shape(zeros([n, n + 1])) == [3, 4]
  expect sum(ones([n])) == 3
}
)") == 12);
}

TEST_CASE("numbers and types") {
  CHECK(check_lesson(R"(
program types {
  a = [1, 2, 3]
  t = i32(2)
  expect t / i32(4) == 0.5
  expect i32(-7) // i32(2) == i32(-4)
  expect i32(-7) % i32(3) == i32(2)
  expect i32([-7, 7, -7]) % i32([3, -3, -3]) == i32([2, -2, -1])
  expect a % -2.5 == [-1.5, -0.5, -2]
  expect a // 2 == [0, 1, 1]
  expect sum(a > 1) == 2
  expect mean(a > 1) about 0.6667
  expect argmax(a) == 2
  expect [a, a] + 1 == [[2, 3, 4], [2, 3, 4]]
  expect a + [[10], [20]] == [[11, 12, 13], [21, 22, 23]]
  expect where(a > 2, a, 0) == [0, 0, 3]
  expect not (a[0] > 1)
}
)") == 13);
}

TEST_CASE("slices and indices") {
  CHECK(check_lesson(R"(
program slices {
  x = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10, 11, 12]]
  expect x[0] == [1, 2, 3, 4]
  expect x[-1, 2] == 11
  expect x[.., 1..-1] == [[2, 3], [6, 7], [10, 11]]
  expect x[..., -1] == [4, 8, 12]
  expect x[0..3 by 2] == [[1, 2, 3, 4], [9, 10, 11, 12]]
  expect shape(x[.., none]) == [3, 1, 4]
  expect shape(x[none, ..., none]) == [1, 3, 4, 1]
  rows = i32([2, 0])
  expect x[rows] == [[9, 10, 11, 12], [1, 2, 3, 4]]
  expect x[.., rows] == [[3, 1], [7, 5], [11, 9]]
  expect x[1, rows] == [7, 5]
}
)") == 10);
}

TEST_CASE("functions, placeholders, pipes") {
  CHECK(check_lesson(R"(
function leaky(x, slope = 0.01) = where(x > 0, x, slope * x)
function apply(f: function, x) = f(x)
function both(x) -> plus, minus { plus = x + 1; minus = x - 1 }
program calls {
  x = [-1, 2]
  expect leaky(x, slope: 0.5) == [-0.5, 2]
  expect apply(leaky(_, 0.25), x) == [-0.25, 2]
  expect (x |> leaky(0.1)) == [-0.1, 2]
  expect (3 |> max(_, 2)) == 3
  expect (x |> both).minus == [-2, 1]
  p, m = both(x)
  expect p + m == 2 * x
  a, b = split([1.0, 2.0, 3.0, 4.0], 2)
  expect a == [1, 2]
  expect b == [3, 4]
}
)") == 8);
}

TEST_CASE("shape patterns bind names and dots") {
  CHECK(check_lesson(R"(
function rows(x: [..., n]) -> y { y = sum(x, over: ...) / prod([...]) * n }
function middle(x: [b, ..., c]) = reshape(x, [b, prod([...]), c])
function same(a: [n, n]) = n
program patterns {
  expect rows(ones([2, 3, 4])) == [4, 4, 4, 4]
  expect shape(middle(ones([2, 3, 5, 4]))) == [2, 15, 4]
  expect same(zeros([3, 3])) == 3
}
)") == 3);
}

TEST_CASE("layers in a lesson share parameters by instance") {
  CHECK(check_lesson(R"(
layer affine(x: [..., n], units: int) -> y {
  w = parameter([n, units], ones)
  y = x @ w + parameter([units], zeros) as b
}
layer twice(x: [...]) -> y {
  use f = affine(2)
  y = f(f(x))
}
program instances {
  x = [[1, 2]]
  use f = affine(2)
  y = f(x)
  expect f(x) == y
  expect f.w == [[1, 1], [1, 1]]
  expect gradient(sum(y), f.w) == [[1, 1], [2, 2]]
  z = affine(x, 2) as g
  expect gradient(sum(z), g.b) == [1, 1]
  expect twice(x) as t == [[6, 6]]
  expect t.f.b == [0, 0]
}
)") == 6);
}

TEST_CASE("minimize in a lesson works by substitution") {
  CHECK(check_lesson(R"(
optimizer heavy_ball(rate = 0.1, momentum = 0.9) {
  v = state(zeros)
  update v = momentum * v - rate * gradient
  update parameter = parameter + v
}
program descend {
  w = parameter([], ones)
  for t in 0..3 {
    minimize w ^ 2 over w with heavy_ball()
    collect path = w
  }
  expect path about [0.8, 0.46, 0.062]
  expect length(path) == 3
}
)") == 2);
  CHECK(check_lesson(R"(
program library_optimizers {
  w = parameter([2], ones)
  minimize sum(w ^ 2) with sgd(0.25)
  expect w == [0.5, 0.5]
  minimize sum(w ^ 2) with adam(0.1)
  expect w about [0.4, 0.4]
}
)") == 2);
}

TEST_CASE("scan carries, collects and is differentiated") {
  CHECK(check_lesson(R"(
program loops {
  x = [1, 2, 3]
  k = 2
  scan x_t in x with s = 0 {
    s = s + k * x_t
    collect partial = s
  }
  expect s == 12
  expect partial == [2, 6, 12]
  expect gradient(s, x) == [2, 2, 2]
  expect gradient(s, k) == 6
  m = [[1, 2, 3], [4, 5, 6]]
  scan c in m along 1 by -1 with h = zeros([2]) {
    h = 2 * h + c
    collect all = h
  }
  expect h == [17, 38]
  expect all == [[17, 8, 3], [38, 17, 6]]
  scan t in 0..4 with n = i32(0) { n = n + t }
  expect n == 6
}
)") == 7);
}

TEST_CASE("expectations that do not hold say what was found") {
  const LessonProgram lesson = lesson_of(program("x = 2\nexpect x == 3\nexpect x > 5\nexpect x about 2.1"));
  const auto results = run(lesson);
  std::vector<std::string> messages;
  for (const auto& statement : lesson.statements) {
    const auto& expectation = std::get<Expectation>(statement);
    const Outcome outcome = judge(expectation, results.at(expectation.left), results.at(expectation.right));
    CHECK_FALSE(outcome.holds);
    messages.push_back(outcome.message);
  }
  CHECK(messages[0] == "found 2, expected 3, off by 1");
  CHECK(messages[1] == "found 2, expected 5");
}

TEST_CASE("calls of pure functions are memoized") {
  const std::string text = R"(
function f(n) = if n < 2 { n } else { f(n - 1) + f(n - 2) }
program p { expect f(40) == 102334155 }
)";
  CHECK(lesson_of(text).calls.at("f").from_memory > 30);
}

TEST_CASE("origins name the scope and the user's line") {
  const LessonProgram lesson =
      lesson_of("program p {\n  x = [[1, 2]]\n  y = dense(x, 3) as hidden\n  expect sum(y) > -100\n}\n");
  bool found = false;
  for (uint32_t i = 0; i < lesson.graph.size(); ++i)
    if (lesson.graph.node(i).op->id == OpId::dot) {
      REQUIRE(lesson.graph.origins(i).size() == 1);
      const std::vector<Origin::Place>& chain = lesson.graph.origins(i)[0].chain;
      REQUIRE(chain.size() == 2);
      CHECK(chain[1].scope == "dense");
      CHECK(chain[1].span.file == "library/layers.gradus");
      const Origin::Place& place = chain[0];
      CHECK(place.scope == "hidden");
      CHECK(place.span.file == "test.gradus");
      CHECK(place.span.line == 3);
      found = true;
    }
  CHECK(found);
}

TEST_CASE("warnings for gradients that are zero") {
  const LessonProgram lesson = lesson_of(program("x = 1; y = 2\ng = gradient(x * x, y)\nexpect g == 0"));
  REQUIRE(lesson.warnings.size() == 1);
  CHECK(lesson.warnings[0].span.line == 3);
}

TEST_CASE("draws are functions of path and ordinal") {
  CHECK(check_lesson(R"(
program draws {
  a = uniform([100])
  b = uniform([100])
  c = uniform([100], seed: 7)
  expect any(a != b)
  expect all(a >= 0) and all(a < 1)
  expect mean(normal([2000])) == 0 within 0.1
  expect mean(bernoulli([2000], 0.25)) == 0.25 within 0.05
  m = dense(ones([1, 3]), 2) as m
  n = dense(ones([1, 3]), 2) as n
  expect any(m != n)
}
)") == 5);
}

TEST_CASE("checked ops in a scan report the first failing iteration and element") {
  const LessonProgram lesson = lesson_of(R"(
program checks {
  table = [1, 2, 3]
  ids = i32([[0, 1], [2, 5], [7, 0]])
  scan row in ids with s = 0 { s = s + sum(table[row]) }
  expect s == 8
}
)");
  REQUIRE(lesson.checks.size() == 1);
  CHECK(lesson.checks[0].span.line == 5);
  std::vector<evaluate::Array<double>> inputs;
  for (const Variable& variable : lesson.variables)
    inputs.push_back(evaluate::array_of(variable.type, variable.values));
  const auto evaluation = evaluate::evaluate<double>(lesson.graph, std::move(inputs));
  REQUIRE(evaluation.status);
  CHECK(evaluation.status->integers == std::vector<int64_t>{0, 3});
}

TEST_CASE("gradients inside a scan are those of one iteration") {
  CHECK(check_lesson(R"(
program inner {
  w = 3
  scan x in [1.0, 2.0] with s = 0 {
    y = w * x * x + s
    collect slope = gradient(y, x)
    collect by_w = gradient(y, w)
    s = y
  }
  expect slope == [6, 12]
  expect by_w == [1, 4]
}
)") == 2);
}

TEST_CASE("without memoization equal expressions are built again") {
  const std::string text = program("x = 2\ny = x * x + x * x\nexpect y == 8");
  CHECK(lesson_of(text, {.memoize = false}).graph.size() > lesson_of(text).graph.size());
  CHECK(check_lesson(text, {.memoize = false}) == 1);
}

TEST_CASE("second derivatives and f32") {
  CHECK(check_lesson(program("x = 2\ny = x ^ 3\nd = gradient(y, x)\nexpect gradient(d, x) == 12"),
                     {.precision = ElementType::f32}) == 1);
}

TEST_CASE("functions of known numbers are known") {
  CHECK(check_lesson(R"(
function width(n) = int(sqrt(n) + exp(0.0) + log(1.0))
program known {
  expect shape(zeros([width(9)])) == [4]
  expect 2.0 ^ 0.5 == sqrt(2.0)
  expect tanh(0.5) about 0.46211715726
  expect 2 ^ -1 == 0.5
}
)") == 4);
}
