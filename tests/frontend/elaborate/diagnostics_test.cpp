#include "tests/frontend/elaborate/elaborate_helpers.h"
#include "tests/support/effort.h"

using namespace gradus;
using namespace gradus::language;

namespace {

struct Bad {
  std::string text;     // statements of a program, or whole definitions with a program
  std::string message;  // part of the first error
  uint32_t line;        // where
  std::string hint;     // part of its hint
};

// Line 1 is `program p {`.
std::string in_program(const std::string& statements) { return "program p {\n" + statements + "\n}\n"; }
std::string in_train(const std::string& statements) {
  return "model M(x: [batch, 2]) -> y { y = dense(x, 1) }\ntrain M {\ndata rows(x: [[0, 0]], t: [[0]]) -> x, "
         "t\n"
         "loss = mean_squared_error(y, t)\nminimize loss with sgd(0.1)\n" +
         statements + "\n}\n";
}

void check(const std::vector<Bad>& cases, std::string (*around)(const std::string&)) {
  for (const Bad& bad : cases) {
    const std::vector<Diagnostic> errors = errors_of(around(bad.text));
    INFO(bad.text);
    REQUIRE_FALSE(errors.empty());
    INFO(errors[0].message << " / " << errors[0].hint);
    CHECK(errors[0].message.find(bad.message) != std::string::npos);
    CHECK(errors[0].span.line == bad.line);
    CHECK(errors[0].hint.find(bad.hint) != std::string::npos);
  }
}

}  // namespace

TEST_CASE("errors in expressions") {
  check(
      {
          {"x = sigmod(1)", "unknown layer or function `sigmod`", 2, "did you mean `sigmoid`?"},
          {"x = Relu(1)", "unknown layer or function `Relu`", 2, "did you mean `relu`?"},
          {"X = 1\ny = sum(x)", "unknown name `x`", 3, "did you mean `X`?"},
          {"x = std(1)", "unknown layer or function `std`", 2, "sqrt(mean((x - mean(x)) ^ 2))"},
          {"x = mae(1, 2)", "unknown layer or function `mae`", 2, "mean_absolute_error"},
          {"x = clip(1, 0, 2)", "unknown layer or function `clip`", 2, "clamp(x, low, high)"},
          {"weight = 1\ny = weigth + 1", "unknown name `weigth`", 3, "did you mean `weight`?"},
          {"x = ones([2, 3]) @ ones([4, 5])", "@: inner sizes differ: f64[2,3] @ f64[4,5]", 2,
           "the weight must be f64[3,5]"},
          {"x = ones([2, 3]) + ones([4])", "+: shapes do not fit: f64[2,3] + f64[4]", 2,
           "aligned from the last"},
          {"x = sum(ones([2]), axis: 0)", "sum has no argument `axis`", 2, "`over`"},
          {"x = softmax(ones([2]), dim: 0)", "softmax has no argument `dim`", 2, "it is called `axis` here"},
          {"x = transpose(ones([2, 3]), dims: [1, 0])", "no argument `dims`", 2, "it is called `axes` here"},
          {"x = batch_norm(ones([2, 3]), eps: 1)", "no argument `eps`", 2, "it is called `epsilon` here"},
          {"x = sum(ones([2]), over: 3)", "there is no axis 3 in [2]", 2, ""},
          {"x = ones([2, 0])", "zero-sized dimension in [2,0]", 2, ""},
          {"x = ones([1000000, 1000000, 1000000])", "size overflow", 2, ""},
          {"x = ones([2.5])", "must be a whole number", 2, ""},
          {"x = 1 / 0", "division by zero", 2, ""},
          {"x = 9223372036854775807 + 1", "does not fit into 64 bits", 2, ""},
          {"x = f32(1) + ones([2])", "two widths of one kind", 2, "cast one"},
          {"x = ones([2, 3])[5]", "index 5 is out of range", 2, ""},
          {"x = ones([2])[0, 0]", "2 indices into f64[2]", 2, ""},
          {"x = ones([2, 3])[0..4]", "slice bound 4 is out of range", 2, ""},
          {"x = [[1, 2], [3]] + 1", "differ", 2, ""},
          {"x = \"a\" + 1", "does not apply to", 2, ""},
          {"x = exp()", "exp needs its argument `x`", 2, "exp(x)"},
          {"x = exp(1, 2)", "too many arguments", 2, ""},
          {"x = dense(ones([2, 3]))", "dense needs its argument `units`", 2, "dense(x"},
          {"x = dense(ones([2, 3]), 4, activaton: relu)", "dense has no argument `activaton`", 2,
           "did you mean `activation`?"},
          {"x = dense(ones([2, 3]), 4.5)", "argument `units` of dense must be a known integer", 2, ""},
          {"x = dropout(ones([2]), 1.5)",
           "argument `rate` of dropout must be a number from 0 to below 1, found 1.5", 2, ""},
          {"x = dropout(ones([2]), -0.5)", "must be a number from 0 to below 1", 2, ""},
          {"x = dropout(ones([2]), nan)", "must be a number from 0 to below 1", 2, ""},
          {"x = dropout(ones([2]), 1)", "must be a number from 0 to below 1", 2, ""},
          {"x = dropout(ones([2]), 2)", "must be a number from 0 to below 1", 2, ""},
          {"x = smooth_labels(ones([2]), 10)", "argument `amount` of smooth_labels must be", 2, ""},
          {"x = ones([2])\nif x[0] > 1 { y = 1 }", "changes at run time", 3, "where"},
          {"for i in 0..2000000 { x = i }", "too long", 2, ""},
          {"for i in 0..2 { x = dense(ones([1, 2]), 1) }", "needs a name for its scopes", 2, "as blocks"},
          {"x = parameter([2], zeros) * 2", "a parameter needs a name", 2, "name it"},
          {"a = dense(ones([1, 2]), 1) as d\nb = dense(ones([1, 2]), 1) as d", "duplicate path `d`", 3, ""},
          {"x = ones([2])\ng = gradient(x, x)", "`gradient` needs a scalar, found f64[2]", 3, "sum"},
          {"x = ones([2])\ng = gradient(sum(x), x + 1)", "taken by a name", 3, ""},
          {"x = split(ones([2, 3]), 2)", "cannot be cut into 2 equal parts", 2, ""},
          {"a, b = split(ones([2, 3]), 3)", "2 names for 3 values", 2, ""},
          {"x = reshape(ones([2, 3]), [4])", "reshape: f64[2,3] has 6 elements", 2, ""},
          {"w = parameter([], ones)\nl = w ^ 2\nupdate w = w - 1\nminimize l with sgd(0.1)", "stale", 5, ""},
          {"w = parameter([2], ones)\nminimize w with sgd(0.1)", "the loss must be a scalar", 3, "mean"},
          {"w = parameter([], ones)\nminimize w with clip_norm(1.0)", "does not update `parameter`", 3, ""},
          {"w = parameter([], ones)\nminimize w with adamw(beta1: 9)",
           "must be a number from 0 to 1, found 9", 3, ""},
          {"w = parameter([], ones)\nminimize w with adam(beta2: 1.5)", "argument `beta2` of adam must be", 3,
           ""},
          {"w = parameter([], ones)\nminimize w with rmsprop(rho: -0.1)", "must be a number from 0 to 1", 3,
           ""},
          {"scan x in [1, 2] with h = 0 { h = [h, h] }", "carry `h` starts as f64[] and becomes f64[2]", 2,
           ""},
          {"x = 1\nexpect x about x", "needs numbers", 3, "within"},
          {"evaluate at 1", "`evaluate at` stands in the body of an optimizer", 2, "lookahead"},
          {"penalty ones([2])", "a penalty is one number, found f64[2]", 2, "sum"},
          {"x = conv2d(ones([1, 4, 4, 1]), 2, kernel: 5)", "kernel is larger than its input", 2,
           "padding: same"},
          {"x = _ + 1", "`_` stands for an argument", 2, ""},
          {"x = simple_rnn(ones([1, 2, 3]), 4) + 1", "has 2 results, used as one", 2, "sequence"},
      },
      in_program);
}

TEST_CASE("statements of train blocks in programs") {
  check(
      {
          {"when 1 > 2 { x = 1 }", "`when` stands in a train block", 2, "use `if`"},
          {"input rate = 1e-3", "`input` stands in a train block", 2, ""},
          {"load \"a.safetensors\" into b", "`load` stands in a train block", 2, ""},
      },
      in_program);
}

TEST_CASE("errors in train blocks") {
  check(
      {
          {"early_stoping(patience: 3)", "unknown action `early_stoping`", 6,
           "did you mean `early_stopping`?"},
          {"split(validaton: 0.1)", "split has no argument `validaton`", 6, "did you mean `validation`?"},
          {"early_stopping(monitor: validation.loss)", "there is no validation part", 6, "split"},
          {"early_stopping(monitor: train.acuracy)", "there is no metric `acuracy`", 6, "there are loss"},
          {"metric m = y", "a metric is one number", 6, "mean"},
          {"minimize loss over heads with sgd(0.1)", "no parameters below `heads`", 6, ""},
          {"epochs = 0", "`epochs` must be at least 1", 6, ""},
          {"split(folds: 5, validation: 0.1)", "do not go together", 6, "each fold"},
          {"every 0 steps { print loss }", "at least 1", 6, ""},
          {"every epoch { update head.bias = 1 }", "update nothing", 6, ""},
          {"every epoch { print dense(y, 1) as extra }", "would be made here", 6, "use name"},
          {"every epoch { image_sheet(\"a.png\", ones([2, 7])) }", "no list of images", 6, "images are"},
          {"every epoch { image_sheet(\"../a.png\", ones([2, 9])) }", "in the folder of the run", 6, ""},
          {"image_sheet(\"a.png\", ones([2, 9]))", "stands in `every epoch`", 6, ""},
          {"when sum(y) > 1 { minimize loss with sgd(0.1) }", "not known before the step", 6, "where"},
          {"when step { minimize loss with sgd(0.1) }", "not true or false", 6, "compare"},
          {"load \"a.safetensors\" into heads", "no parameters below `heads`", 6, ""},
          {"input loss = 1", "has a meaning already", 6, ""},
      },
      in_train);
}

TEST_CASE("fractions: both ends, and numbers that the step computes") {
  CHECK(errors_of("program p {\n  x = ones([2, 2])\n  a = dropout(x, 0)\n  b = batch_norm(x, momentum: 1.0)\n"
                  "  c = dropout(x, sum(x), training: true)\n}\n")
            .empty());
}

TEST_CASE("nothing is suggested for names that are only short") {
  const std::vector<Diagnostic> errors = errors_of("\nprogram p { x = ab(1) }\n");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].hint.empty());
}

TEST_CASE("losses: the hint tells the order of the inputs where the other order would fit, and only there") {
  const auto hint_of = [](const std::string& call) {
    const std::vector<Diagnostic> errors = errors_of(R"(
program p {
  logits = ones([4, 3])
  label = i32([0, 1, 2, 1])
  loss = )" + call + "\n}\n");
    INFO(call);
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].span.line == 5);
    return errors[0].hint;
  };
  CHECK(hint_of("sparse_categorical_cross_entropy(label, logits)") ==
        "`logits` comes first, then `label`; or cast it: i32(…)");
  CHECK(hint_of("sparse_categorical_cross_entropy(logits, float(label))") == "cast it: i32(…)");
  CHECK(hint_of("accuracy(label: float(label), logits: logits)") == "cast it: i32(…)");
  CHECK(hint_of("categorical_cross_entropy(logits, label)").find("sparse_categorical_cross_entropy") !=
        std::string::npos);
  CHECK(hint_of("kl_divergence(logits, label)").find("one_hot(label, classes)") != std::string::npos);
  CHECK(hint_of("categorical_cross_entropy(logits, float(label))").find("sparse") == std::string::npos);
}

TEST_CASE("all independent errors in one run, none that follow from others") {
  const std::vector<Diagnostic> errors = errors_of(R"(
program p {
  a = unknown_one
  b = a + 1
  c = ones([2, 3]) @ ones([2, 3])
  d = c + b
  e = unknown_two(3)
  f = 1 + 1
}
)");
  REQUIRE(errors.size() == 3);
  CHECK(errors[0].span.line == 3);
  CHECK(errors[1].span.line == 5);
  CHECK(errors[2].span.line == 7);
}

TEST_CASE("the user's line first, library frames as notes") {
  const std::vector<Diagnostic> errors = errors_of(R"(
layer mine(x: [..., n]) -> y {
  y = dense(x, 3, weight_initializer: wrong)
}
function wrong(shape) = ones([7, 7])
program p {
  z = mine(ones([2, 4]))
}
)");
  REQUIRE(errors.size() == 1);
  CHECK(errors[0].message.find("gives [7,7] instead of [4,3]") != std::string::npos);
  CHECK(errors[0].span.line == 3);
  REQUIRE(errors[0].notes.size() >= 2);
  CHECK(errors[0].notes[0].span.file == "library/layers.gradus");
  CHECK(errors[0].notes[1].span.line == 7);
}

TEST_CASE("recursion without end") {
  const std::vector<Diagnostic> errors = errors_of(R"(
layer deep(x: [...]) -> y { y = deep(x) as d }
program p { z = deep(ones([2])) }
)");
  REQUIRE_FALSE(errors.empty());
  CHECK(errors.back().message == "`deep` is called 256 levels deep");
  if (testing::sanitized) return;  // a million calls
  const std::vector<Diagnostic> exponential = errors_of(R"(
function slow(n) -> y { y = if n < 2 { uniform([]) } else { slow(n - 1) + slow(n - 2) } }
program p { z = slow(60) }
)");
  REQUIRE_FALSE(exponential.empty());
  CHECK(exponential.back().message.find("calls") != std::string::npos);
}
