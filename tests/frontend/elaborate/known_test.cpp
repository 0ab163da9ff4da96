// What is known at elaboration is what tensors of the same numbers would give.
#include <fmt/format.h>

#include <array>
#include <cmath>
#include <span>

#include "tests/frontend/elaborate/elaborate_helpers.h"
#include "tests/support/effort.h"

using namespace gradus;
using namespace gradus::language;

namespace {

constexpr std::array<const char*, 27> all_special_numbers = {
    "0.0",      "-0.0",   "1.0",      "-1.0",      "5e-324", "-5e-324", "1e-300", "-1e-300", "1e-17",
    "1e300",    "-1e300", "1e308",    "-1e308",    "1e17",   "0.1",     "-0.3",   "0.5",     "2.5",
    "123456.7", "-7.25",  "infinity", "-infinity", "nan",    "0",       "3",      "-2",      "5"};
constexpr std::array<const char*, 12> some_special_numbers = {
    "0.0", "-0.0", "1.0", "5e-324", "-1e-300", "1e308", "0.1", "-7.25", "infinity", "nan", "3", "-2"};
constexpr std::span<const char* const> special_numbers =
    testing::sanitized ? std::span<const char* const>(some_special_numbers) : all_special_numbers;

// The printed values of a lesson, in order.
std::vector<double> printed(const std::vector<std::string>& expressions) {
  std::string text = "program known {\n";
  for (const std::string& expression : expressions) text += "  print " + expression + "\n";
  const LessonProgram lesson = lesson_of(text + "}\n");
  const auto results = run(lesson);
  std::vector<double> values;
  for (const auto& statement : lesson.statements)
    values.push_back(results.at(std::get<PrintLine>(statement).items.at(0).results.at(0)).at(0));
  return values;
}

// Functions are within units of the last place of the evaluator's; their special values are the same.
bool same(double known, double tensor, bool exact) {
  if (std::isnan(known) || std::isnan(tensor)) return std::isnan(known) && std::isnan(tensor);
  if (known == tensor) return std::signbit(known) == std::signbit(tensor);
  return !exact && std::fabs(known - tensor) <= std::fabs(tensor) * 0x1p-50 + 0x1p-1072;
}

struct Case {
  std::string known, tensor;
  bool exact = true;
};

void check_same(const std::vector<Case>& cases) {
  std::vector<std::string> expressions;
  for (const Case& each : cases) {
    expressions.push_back(each.known);
    expressions.push_back(each.tensor);
  }
  const std::vector<double> values = printed(expressions);
  for (size_t i = 0; i < cases.size(); ++i) {
    INFO(cases[i].known << " = " << values[2 * i] << ", of tensors " << values[2 * i + 1]);
    CHECK(same(values[2 * i], values[2 * i + 1], cases[i].exact));
  }
}

std::string tensor_of(const std::string& number) { return fmt::format("f64({})", number); }

bool is_zero(const std::string& number) { return std::strtod(number.c_str(), nullptr) == 0; }
bool is_integer(const std::string& number) {
  return number.find_first_not_of("-0123456789") == std::string::npos;
}

}  // namespace

TEST_CASE("operators on known numbers are those of tensors") {
  for (const std::string op : {"+", "-", "*", "/", "//", "%", "^", "==", "!=", "<", "<=", ">", ">="}) {
    std::vector<Case> cases;
    for (const std::string a : special_numbers)
      for (const std::string b : special_numbers) {
        // A known divisor of 0 is refused; a quotient of integers is an integer where it can be, without -0.
        if ((op == "/" || op == "//" || op == "%") && is_zero(b)) continue;
        const bool integers = is_integer(a) && is_integer(b);
        if (integers && (op == "/" || op == "^")) continue;
        const std::string type = integers ? "i64" : "f64";
        // The exponent of tensors, too, may be written as an integer: x ^ 3 is a product.
        const std::string exponent = op == "^" && is_integer(b) ? b : fmt::format("{}({})", type, b);
        cases.push_back({fmt::format("({}) {} ({})", a, op, b),
                         fmt::format("{}({}) {} ({})", type, a, op, exponent), op != "^"});
      }
    check_same(cases);
  }
}

TEST_CASE("a known power to a written integer is the product that it is of tensors") {
  std::vector<Case> cases;
  for (const std::string base : {"1.1", "0.3", "-7.7", "123456.7"})
    for (const std::string exponent : {"1", "2", "3", "4"})
      cases.push_back(
          {fmt::format("({}) ^ {}", base, exponent), fmt::format("f64({}) ^ {}", base, exponent)});
  check_same(cases);
}

TEST_CASE("functions of known numbers are those of tensors") {
  const std::vector<std::string> exact = {"abs",   "sign", "floor", "ceil",
                                          "round", "sqrt", "float", "is_finite"};
  const std::vector<std::string> rounded = {
      "rsqrt", "exp",  "expm1", "log",  "log1p", "cbrt", "sin",     "cos",        "tan",     "asin",
      "acos",  "atan", "sinh",  "cosh", "tanh",  "erf",  "sigmoid", "normal_cdf", "softplus"};
  for (const auto& [functions, is_exact] : {std::pair{exact, true}, std::pair{rounded, false}})
    for (const std::string& function : functions) {
      std::vector<Case> cases;
      for (const std::string x : special_numbers)
        cases.push_back(
            {fmt::format("{}({})", function, x), fmt::format("{}({})", function, tensor_of(x)), is_exact});
      check_same(cases);
    }
  for (const std::string function : {"min", "max", "pow", "atan2"}) {
    std::vector<Case> cases;
    for (const std::string a : special_numbers)
      for (const std::string b : special_numbers)
        cases.push_back({fmt::format("{}({}, {})", function, a, b),
                         fmt::format("{}({}, {})", function, tensor_of(a), tensor_of(b)),
                         function == "min" || function == "max"});
    check_same(cases);
  }
}

TEST_CASE("folds of known lists are those of tensors") {
  for (const std::string function : {"min", "max", "sum", "prod"}) {
    std::vector<Case> cases;
    for (const std::string a : special_numbers) {
      cases.push_back({fmt::format("{}([{}])", function, a), fmt::format("{}(f64([{}]))", function, a)});
      for (const std::string b : special_numbers)
        cases.push_back({fmt::format("{}([{}, 2.5, {}])", function, a, b),
                         fmt::format("{}(f64([{}, 2.5, {}]))", function, a, b),
                         function.size() == 3 && function != "sum"});
    }
    check_same(cases);
  }
}

TEST_CASE("beside a float, integers of a known list are floats") {
  CHECK(check_lesson(R"(
program known {
  expect sum([4611686018427387904, 4611686018427387904, 0.5]) == 9223372036854775808.0
  expect min([3, 2.5]) == 2.5
  expect i64(min([9007199254740993, 9007199254740992])) == i64(9007199254740992)
  expect i64(max(9007199254740993, 9007199254740992)) == i64(9007199254740993)
}
)") == 4);
}

TEST_CASE("integers to known whole exponents are integers and wrap") {
  CHECK(check_lesson(R"(
program powers {
  expect i32([300]) ^ 4 == i32([-489934592])
  expect i32([300]) ^ 5 == i32([-951489536])
  expect i32([-3, 2]) ^ [7, 0] == i32([-2187, 1])
  expect i64(2) ^ 63 == i64(-9223372036854775807) - 1
  expect i64(2) ^ 64 == 0
  expect i64(3) ^ 39 % 10 == 7
  expect i32([2, 4]) ^ -1 == [0.5, 0.25]
  expect i32([2, 4]) ^ 0.5 == [sqrt(2), 2]
  expect i32([2]) ^ i32([-1]) == [0.5]
}
)") == 9);
}

TEST_CASE("metrics are calculated as tensors are") {
  const Unit unit = load_unit("test.gradus", R"(
train Metrics {
  data rows(x: [[0, 0]], t: [[0]]) -> x, t
  use net = dense(1)
  loss = mean_squared_error(net(x), t)
  minimize loss with sgd(0.1)
  finally { print train.loss % 0.1, 5 % train.loss, sign(train.loss), train.loss // 0.1 }
}
)");
  TrainOptions options;
  options.columns = {Column{ElementType::f32, {2}}, Column{ElementType::f32, {1}}};
  const std::vector<Report> reports = elaborate_reports(unit, "Metrics", options);
  const auto text = [&](double loss) {
    return evaluate_metrics(std::get<MetricLine>(reports.at(0).lines.at(0)),
                            [&](const std::string&) { return std::optional(loss); })
        .text;
  };
  CHECK(text(1) ==
        "train.loss % 0.1 = 0.1  5 % train.loss = 0  sign(train.loss) = 1  train.loss // 0.1 = 10");
  CHECK(text(INFINITY) ==
        "train.loss % 0.1 = nan  5 % train.loss = 5  sign(train.loss) = 1  train.loss // 0.1 = inf");
  CHECK(text(NAN) ==
        "train.loss % 0.1 = nan  5 % train.loss = nan  sign(train.loss) = nan  train.loss // 0.1 = nan");
}
