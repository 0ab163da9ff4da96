#include <fmt/format.h>

#include <algorithm>

#include "ir/check_use.h"
#include "ir/text/graph_parser.h"
#include "ir/text/suggest.h"

namespace gradus::text {

namespace {

constexpr int deepest_nesting = 32;

}  // namespace

void GraphParser::parse_statement(Scope& scope) {
  sound_ = true;
  Statement statement;
  statement.name = &take();
  if (!is_id(*statement.name)) {
    scope.inputs.emplace(spelled_name(*statement.name), Definition{{}, 1, true, span(*statement.name)});
    fail(*statement.name, "a number such as %3", "names are for inputs, the values of nodes have numbers");
  }
  statement.id = parse_id(*statement.name);
  if (accept(":")) statement.results = parse_natural("the number of results");
  define(scope, statement, {}, true);
  expect("=", "'=' and an op");
  parse_right_side(scope, statement);
  statement.derivative = accept("derivative");
  statement.origins = parse_origins();
  add(scope, statement);
}

void GraphParser::define(Scope& scope, const Statement& statement, Value value, bool broken) {
  const Definition definition{value, static_cast<uint32_t>(std::max<size_t>(statement.types.size(), 1)),
                              broken, span(*statement.name)};
  const auto [it, made] = scope.values.emplace(statement.id, definition);
  if (made) return;
  if (broken) {
    error(span(*statement.name), fmt::format("the value %{} is defined twice", statement.id), {},
          {{"the first definition", it->second.span}});
    scope.broken = true;
  } else {
    it->second = definition;
  }
}

void GraphParser::parse_right_side(Scope& scope, Statement& statement) {
  statement.op_name = &peek();
  const std::string name = parse_word("the name of an op");
  statement.op = find_op(name);
  if (!statement.op || name == "input") unknown_op(*statement.op_name, name);
  if (peek().kind == TokenKind::value) {
    do statement.operands.push_back(parse_value(scope));
    while (accept(","));
  }
  statement.attributes = parse_attributes();
  if (at("("))
    parse_body(scope, statement);
  else
    check(statement, false);
  expect(":", "':' and the type of the result");
  do statement.types.push_back(parse_type());
  while (accept(","));
}

void GraphParser::unknown_op(const Token& token, const std::string& name) {
  if (name == "input")
    fail_with(token, "an input is no node: inputs are declared in the head",
              "write %x: f32[64] in the parentheses after the graph's name");
  std::vector<std::string_view> names;
  for (const Op* op : all_ops())
    if (op->id != OpId::input) names.push_back(op->name);
  fail_with(token, fmt::format("there is no op '{}'", name), did_you_mean(name, names));
}

bool GraphParser::check(const Statement& statement, bool has_body) {
  const auto problems = check_use(*statement.op, statement.operands.size(), statement.attributes, has_body);
  for (const UseProblem& problem : problems) error(*statement.op_name, problem.message, problem.hint);
  if (!problems.empty()) sound_ = false;
  return problems.empty();
}

void GraphParser::parse_body(Scope& outer, Statement& statement) {
  const Token& start = peek();
  // `fuse` makes a kernel within the deepest body, and a kernel has none within it.
  const bool is_innermost = statement.op != nullptr && statement.op->id == OpId::kernel;
  if (depth_ >= deepest_nesting + (is_innermost ? 1 : 0))
    fail_with(start, fmt::format("bodies are nested more than {} deep", deepest_nesting));
  Scope scope("body", outer.builder.ids());
  std::vector<Declared> inputs = parse_inputs(scope, &outer);
  for (const Declared& input : inputs)
    if (input.bound) statement.operands.push_back(input.operand);
  if (check(statement, true)) infer_inputs(outer, statement, inputs, start);
  // `{workspace=64} { %0 = …`: no statement begins with a word and `=`.
  if (at("{") && peek(1).kind != TokenKind::value && at("=", 2)) scope.builder.set_header(parse_attributes());
  const bool sound = sound_;
  {
    const Nested nested(depth_);
    parse_block(scope, inputs, "yield");
  }
  sound_ = sound && !scope.broken;
  scope.spans.head = span(start);
  statement.spans = std::make_shared<const GraphSpans>(std::move(scope.spans));
  statement.body = std::make_shared<const Graph>(std::move(scope.builder).finish());
}

void GraphParser::infer_inputs(Scope& outer, const Statement& statement, std::vector<Declared>& inputs,
                               const Token& start) {
  std::vector<Type> operands;
  for (const auto& operand : statement.operands) {
    if (!operand) return;
    operands.push_back(outer.builder.type(*operand));
  }
  const size_t implicit = statement.op->id == OpId::scan ? 1 : 0;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].bound != (i >= implicit)) {
      sound_ = false;
      error(inputs[i].span,
            fmt::format("the input {} of the body {}", text::spell_value_name(inputs[i].name),
                        inputs[i].bound ? "is the index of the loop and has no operand" : "has no operand"),
            inputs[i].bound ? "the first input of a scan's body is its index, such as (%i, %h = %4)"
                            : "for example (%a = %20)");
    }
  if (!sound_) return;
  const auto types = body_input_types(*statement.op, statement.attributes, operands);
  if (!types || types->size() != inputs.size()) {
    error(start, fmt::format("the body of {} does not fit its operands", statement.op->name),
          "a scan has an index, then its carries, sequences (with a leading axis) and captures");
    sound_ = false;
    return;
  }
  for (size_t i = 0; i < inputs.size(); ++i)
    if (!inputs[i].type) inputs[i].type = (*types)[i];
}

void GraphParser::add(Scope& scope, const Statement& statement) {
  if (statement.results != static_cast<int64_t>(statement.types.size())) {
    error(*statement.name,
          fmt::format("%{} is said to have {} result{}, but {} type{} given", statement.id, statement.results,
                      statement.results == 1 ? "" : "s", statement.types.size(),
                      statement.types.size() == 1 ? " is" : "s are"),
          statement.types.size() > 1 ? fmt::format("write %{}:{} = …", statement.id, statement.types.size())
                                     : "");
    scope.broken = true;
    return;
  }
  std::vector<Value> operands;
  for (const auto& operand : statement.operands) {
    if (operand) operands.push_back(*operand);
  }
  if (!sound_ || operands.size() != statement.operands.size()) {
    scope.broken = true;
    return;
  }
  try {
    scope.builder.set_origins(statement.origins);
    scope.builder.set_derivative(statement.derivative);
    scope.builder.prefer_id(statement.id);
    const Value value = scope.builder.add_typed(*statement.op, std::move(operands), statement.attributes,
                                                statement.types, statement.body);
    scope.note_place(value, span(*statement.name));
    if (statement.spans) scope.spans.bodies.emplace(value.node, statement.spans);
    define(scope, statement, value, false);
  } catch (const ShapeError& problem) {
    error(*statement.op_name, problem.what(), problem.hint);
    scope.broken = true;
  }
}

}  // namespace gradus::text
