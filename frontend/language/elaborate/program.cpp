// Lessons: one graph whose results are what `expect` and `print` need.
#include <fmt/format.h>

#include <cmath>

#include "frontend/language/elaborate/minimize.h"
#include "frontend/language/print.h"

namespace gradus::language {

Elaborator::Elaborator(const UnitImplementation& unit, Options options)
    : unit_(unit), options_(std::move(options)) {
  const BuilderOptions builder_options{.memoize = options_.memoize};
  root_ = std::make_unique<Frame>(options_.name, builder_options);
  initial_ = std::make_unique<Frame>(options_.name + ".initial", builder_options);
  initial_->initial_values = true;
  frame_ = root_.get();
  training_ = options_.mode == Mode::training || options_.mode == Mode::settings;
}

std::string Elaborator::lesson_result(const Object& object, const SourceSpan& span) {
  const ElementType element = element_of(checked(object, span), span);
  constexpr int64_t most = 10'000'000;  // each is looked at by itself
  if (const int64_t count = element_count(shape_of(object, span)); count > most)
    error(span, fmt::format("{} has more than {} elements to print or compare", describe(object), most),
          "reduce it: sum(…), all(…), max(abs(…))");
  // Known numbers are compared and printed as numbers.
  Value value = weak(object) && element == ElementType::i32 ? to_value(object, ElementType::i64, span)
                                                            : to_value(object, element, span);
  // Floats that no host has are shown as those that hold them.
  if (element == ElementType::bf16 || element == ElementType::f16) {
    put_origin(span);
    value = build::cast(root_->builder, ElementType::f32, value);
  }
  if (report_) return report_result(value);
  std::string name = fmt::format("value_{}", root_->builder.graph().results().size() + 1);
  root_->builder.add_result(name, value);
  return name;
}

namespace {

// Half a unit of the last digit written: 0.9308615797 is ± 0.5e-10.
double half_unit(const std::string& digits) {
  const size_t exponent_at = digits.find_first_of("eE");
  const std::string mantissa = digits.substr(0, exponent_at);
  const int exponent = exponent_at == std::string::npos ? 0 : std::atoi(digits.c_str() + exponent_at + 1);
  const size_t point = mantissa.find('.');
  const int decimals = point == std::string::npos ? 0 : static_cast<int>(mantissa.size() - point - 1);
  return 0.5 * std::pow(10.0, exponent - decimals);
}

// One tolerance per number written; false if something else is written.
bool written_tolerances(const Expression& expression, std::vector<double>& tolerances) {
  if (const auto* number = expression.as<Number>()) {
    tolerances.push_back(half_unit(number->text));
    return true;
  }
  if (const auto* unary = expression.as<Unary>(); unary && unary->op == UnaryOperator::negate)
    return written_tolerances(*unary->operand, tolerances);
  if (const auto* group = expression.as<Parentheses>()) return written_tolerances(*group->inner, tolerances);
  const auto* list = expression.as<List>();
  if (!list) return false;
  for (const ExpressionPointer& element : list->elements)
    if (!written_tolerances(*element, tolerances)) return false;
  return true;
}

std::optional<Expectation::Comparison> comparison_of(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::equal:
      return Expectation::Comparison::equal;
    case BinaryOperator::not_equal:
      return Expectation::Comparison::not_equal;
    case BinaryOperator::less:
      return Expectation::Comparison::less;
    case BinaryOperator::less_equal:
      return Expectation::Comparison::less_equal;
    case BinaryOperator::greater:
      return Expectation::Comparison::greater;
    case BinaryOperator::greater_equal:
      return Expectation::Comparison::greater_equal;
    default:
      return std::nullopt;
  }
}

bool is_text(const Object& object) {
  return object.is<std::string>() || object.is<Nothing>() || object.is<FunctionObject>() ||
         object.is<std::shared_ptr<Instance>>();
}

}  // namespace

void Elaborator::run(const Expect& expect, const Statement& statement) {
  if (options_.mode != Mode::program && !report_)
    error(statement.span, "`expect` stands in a program, or in `finally`",
          "finally { expect train.loss < 0.1 }");
  if (frame_ != root_.get()) error(statement.span, "`expect` cannot stand inside `scan`");
  Expectation expectation;
  expectation.span = statement.span;
  expectation.text = print(*expect.condition);
  const auto* comparison = expect.condition->as<Binary>();
  std::optional<Expectation::Comparison> kind;
  if (comparison && !expect.about) kind = comparison_of(comparison->op);
  Object left;
  Object right;
  const SourceSpan& place = expect.condition->span;
  if (expect.about) {
    expectation.text += " about " + print(*expect.about);
    left = evaluate(*expect.condition);
    right = evaluate(*expect.about);
    if (!written_tolerances(*expect.about, expectation.tolerance))
      error(expect.about->span, "`about` compares to the digits written, so it needs numbers",
            "for a calculated value: expect a == b within 1e-6");
    expectation.comparison = Expectation::Comparison::equal;
    expectation.absolute = true;
    if (expect.within)
      expectation.tolerance = {to_number(evaluate(*expect.within), "`within`", expect.within->span)};
  } else if (kind) {
    left = evaluate(*comparison->left);
    right = evaluate(*comparison->right);
    expectation.comparison = *kind;
  } else {
    left = evaluate(*expect.condition);
  }
  if (is_text(left) || ((kind || expect.about) && is_text(right))) {  // strings, functions: decided now
    if (!kind) error(place, fmt::format("expected a condition, found {}", describe(left)));
    left = binary(comparison->op, left, right, place);
    right = {};
    kind.reset();
    expectation.comparison = Expectation::Comparison::truth;
  }
  if (!kind && !expect.about) {
    if (element_of(checked(left, place), place) != ElementType::boolean)
      error(place, fmt::format("expected a condition, found {}", describe(left)),
            "compare it: expect a == b");
    expectation.left = lesson_result(left, place);
    lesson_.statements.emplace_back(std::move(expectation));
    return;
  }
  checked(left, place);
  checked(right, place);
  const bool exact = !is_float(element_of(left, place)) && !is_float(element_of(right, place));
  // Shapes must fit as in arithmetic, and `about` needs one number for each element.
  ElementType element =
      common_element({&left, &right}, comparison ? symbol_of(comparison->op) : "about", place);
  if (element == ElementType::i32 && (weak(left) || weak(right)) && exact) element = ElementType::i32;
  Value a = to_value(left, element, place);
  Value b = to_value(right, element, place);
  const Shape shape = common_shape({a, b}, comparison ? symbol_of(comparison->op) : "about", place);
  put_origin(place);
  a = build::broadcast_to(root_->builder, a, shape);
  b = build::broadcast_to(root_->builder, b, shape);
  constexpr double f32_tolerance = 1e-5, f64_tolerance = 1e-9;
  if (expect.about && element == ElementType::f32) expectation.rounding = f32_tolerance;
  if (!expect.about) {
    double tolerance = element == ElementType::f32 ? f32_tolerance : f64_tolerance;
    if (exact) tolerance = 0;
    if (expect.within) tolerance = to_number(evaluate(*expect.within), "`within`", expect.within->span);
    expectation.tolerance = {tolerance};
    if (expect.within) expectation.text += " within " + print(*expect.within);
  } else if (expectation.tolerance.size() != 1 &&
             static_cast<int64_t>(expectation.tolerance.size()) != element_count(shape)) {
    expectation.tolerance = {*std::max_element(expectation.tolerance.begin(), expectation.tolerance.end())};
  }
  expectation.left = lesson_result(tensor(a), place);
  expectation.right = lesson_result(tensor(b), place);
  lesson_.statements.emplace_back(std::move(expectation));
}

void Elaborator::run(const Print& print_statement, const Statement& statement) {
  if (options_.mode != Mode::program && !report_)
    error(statement.span, "`print` stands in a program, in `every` or in `finally`",
          "finally { print train.loss }; the sizes of layers: `gradus show FILE MODEL`");
  if (frame_ != root_.get()) error(statement.span, "`print` cannot stand inside `scan`");
  PrintLine line;
  line.span = statement.span;
  for (const ExpressionPointer& expression : print_statement.values) {
    PrintItem item;
    item.text = print(*expression);
    Object value = evaluate(*expression);
    checked(value, expression->span);
    if (is_text(value)) {
      item.literal = true;
      item.text = value.is<std::string>() ? *value.as<std::string>() : describe(value);
    } else if (const auto* list = value.as<ListObject>(); list && !weak(value)) {
      item.list = true;
      for (const Object& each : *list->items) item.results.push_back(lesson_result(each, expression->span));
    } else {
      item.results.push_back(lesson_result(value, expression->span));
    }
    line.items.push_back(std::move(item));
  }
  lesson_.statements.emplace_back(std::move(line));
}

LessonProgram Elaborator::run_program(const Symbol& symbol) {
  stack_base_ = frame_address();
  const Program& program = *symbol.program();
  Environment environment;
  Activation activation;
  activation.name = program.name.text;
  activation.environment = &environment;
  PathScope scope;
  activation_ = &activation;
  path_ = &scope;
  block_environment_ = &environment;
  lesson_.name = program.name.text;
  run_block(program.body);
  throw_if_errors();
  combine_status();
  lesson_.graph = std::move(root_->builder).finish();
  lesson_.checks = checks_;
  lesson_.calls = calls;
  lesson_.warnings = std::move(warnings);
  return std::move(lesson_);
}

LessonProgram elaborate_program(const Unit& unit, const std::string& name, const LessonOptions& options) {
  const UnitImplementation& implementation = unit.implementation();
  for (const Symbol& symbol : implementation.programs) {
    if (symbol.program()->name.text != name) continue;
    Elaborator elaborator(implementation, {.mode = Mode::program,
                                           .precision = options.precision,
                                           .memoize = options.memoize,
                                           .name = name,
                                           .overrides = {},
                                           .columns = {},
                                           .batch = {},
                                           .when = {},
                                           .observer = options.observer});
    return elaborator.run_program(symbol);
  }
  fail_program(fmt::format("there is no program `{}`", name));
}

}  // namespace gradus::language
