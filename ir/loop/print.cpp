#include <fmt/format.h>
#include <fmt/ranges.h>

#include <map>

#include "ir/loop/text.h"
#include "ir/shown_text.h"
#include "ir/text/lexer.h"

namespace gradus::loop {

std::string_view keyword(BufferRole role) {
  switch (role) {
    case BufferRole::read:
      return "read";
    case BufferRole::write:
      return "write";
    case BufferRole::update:
      return "update";
    case BufferRole::local:
      return "local";
    case BufferRole::workspace:
      return "workspace";
    case BufferRole::constant:
      return "constant";
  }
  return "";
}

std::string_view keyword(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::input:
      return "input";
    case ArgumentKind::parameter:
      return "parameter";
    case ArgumentKind::state:
      return "state";
    case ArgumentKind::seed:
      return "seed";
    case ArgumentKind::step:
      return "step";
    case ArgumentKind::result:
      return "result";
    case ArgumentKind::status:
      return "status";
  }
  return "";
}

std::string_view infix(ScalarOp op) {
  switch (op) {
    case ScalarOp::add:
      return "+";
    case ScalarOp::subtract:
      return "-";
    case ScalarOp::multiply:
      return "*";
    case ScalarOp::divide:
      return "/";
    case ScalarOp::equal:
      return "==";
    case ScalarOp::not_equal:
      return "!=";
    case ScalarOp::less:
      return "<";
    case ScalarOp::less_equal:
      return "<=";
    case ScalarOp::greater:
      return ">";
    case ScalarOp::greater_equal:
      return ">=";
    default:
      return "";
  }
}

int precedence(ScalarOp op) {
  if (op == ScalarOp::add || op == ScalarOp::subtract) return 2;
  if (op == ScalarOp::multiply || op == ScalarOp::divide) return 3;
  return infix(op).empty() ? 0 : 1;
}

ElementType literal_type(bool has_point, std::optional<ElementType> expected) {
  if (has_point) return expected && is_float(*expected) ? *expected : ElementType::f32;
  return expected && is_integer(*expected) ? *expected : ElementType::i64;
}

namespace {

using Expected = std::optional<ElementType>;

constexpr int unary_precedence = 4;

std::string spell_number(ElementType type, double number) {
  if (type != ElementType::f32) return to_string(number);
  const auto narrow = static_cast<float>(unsigned_nan(number));
  // The shortest digits of the float, unless reading them as a double first would round twice.
  std::string text = fmt::format("{}", narrow);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  if (number != number || static_cast<float>(std::stod(text)) == narrow) return text;
  return to_string(number);
}

class FunctionPrinter {
 public:
  FunctionPrinter(const Function& function, bool is_main) : function_(function), is_main_(is_main) {}

  std::string run(const std::string& indent) {
    std::string out = indent + (is_main_ ? "main" : "function " + text::spell_at_name(function_.name)) + " (";
    std::string separator;
    for (size_t b = 0; b < parameters(); ++b) {
      const Buffer& buffer = function_.buffers[b];
      out += fmt::format("{}{} {}: {}", separator, keyword(buffer.role), bind_buffer(b), buffer_type(buffer));
      separator = ", ";
    }
    for (size_t v = 0; v < static_cast<size_t>(function_.scalar_parameters); ++v) {
      out +=
          fmt::format("{}{}{}", separator, v == 0 ? "scalars " : "", bind_variable(static_cast<int64_t>(v)));
      separator = ", ";
    }
    out += ")";
    for (const Origin& origin : function_.origins) out += " " + to_string(origin);
    out += " {\n";
    for (size_t b = parameters(); b < function_.buffers.size(); ++b)
      if (const Buffer& buffer = function_.buffers[b]; buffer.role == BufferRole::workspace)
        out += fmt::format("{}  workspace {}: {} at {}\n", indent, bind_buffer(b), buffer_type(buffer),
                           buffer.offset);
      else if (buffer.role == BufferRole::constant && buffer.values)
        out += fmt::format("{}  constant {}: {} = {}\n", indent, bind_buffer(b), buffer_type(buffer),
                           to_string(*buffer.values));
    for (const Statement& statement : function_.body) out += print(statement, indent + "  ");
    return out + indent + "}\n";
  }

  // Without a function around it.
  std::string expression(const Expression& e, Expected expected, int outer = 0) {
    if (e->op == ScalarOp::constant) return constant(*e, expected);
    if (e->op == ScalarOp::index) return variable_name(e->integer);
    if (e->op == ScalarOp::argument) return fmt::format("argument({}, {})", e->integer, name(e->type));
    if (e->op == ScalarOp::load) return element(e->integer, e->operands);
    if (e->op == ScalarOp::cast)
      return fmt::format("cast({}, {})", expression(e->operands[0], std::nullopt), name(e->type));
    if (e->op == ScalarOp::negate && e->operands[0]->op != ScalarOp::constant) {
      const std::string text = "-" + expression(e->operands[0], expected, unary_precedence);
      return outer > unary_precedence ? "(" + text + ")" : text;
    }
    if (const int own = precedence(e->op); own > 0) {
      // Comparisons do not associate; the others associate to the left.
      const std::string left = expression(e->operands[0], expected, own == 1 ? 2 : own);
      const std::string right = expression(e->operands[1], e->operands[0]->type, own + 1);
      const std::string text = fmt::format("{} {} {}", left, infix(e->op), right);
      return outer > own ? "(" + text + ")" : text;
    }
    return call(*e, expected);
  }

 private:
  size_t parameters() const { return static_cast<size_t>(function_.buffer_parameters); }

  static std::string constant(const ExpressionNode& e, Expected expected) {
    if (e.type == ElementType::boolean) return e.integer ? "true" : "false";
    const bool has_point = is_float(e.type);
    const std::string text = has_point ? spell_number(e.type, e.number) : fmt::format("{}", e.integer);
    return literal_type(has_point, expected) == e.type ? text : fmt::format("{}({})", name(e.type), text);
  }

  // What the parser expects of each operand: a condition, then the context's type, then the first one's.
  std::string call(const ExpressionNode& e, Expected expected) {
    std::string out = std::string(name(e.op)) + "(";
    Expected next = expected;
    if (e.op == ScalarOp::is_finite) next = std::nullopt;
    if (e.op == ScalarOp::random_bits) next = ElementType::i64;
    for (size_t i = 0; i < e.operands.size(); ++i) {
      const bool condition = e.op == ScalarOp::select && i == 0;
      out += (i ? ", " : "") + expression(e.operands[i], condition ? Expected(ElementType::boolean) : next);
      if (!condition) next = e.operands[i]->type;
    }
    return out + ")";
  }

  std::string buffer_type(const Buffer& buffer) const {
    std::string out = std::string(name(buffer.element)) + to_string(buffer.shape);
    if (buffer.strides != row_major_strides(buffer.shape))
      out += fmt::format(" strides {}", to_string(buffer.strides));
    return out;
  }

  std::string element(int64_t buffer, const std::vector<Expression>& indices) {
    std::string out = buffer_name(buffer) + "[";
    for (size_t i = 0; i < indices.size(); ++i)
      out += (i ? ", " : "") + expression(indices[i], ElementType::i64);
    return out + "]";
  }

  std::string print(const Block& block, const std::string& indent) {
    const size_t visible = scope_.size();
    std::string out;
    for (const Statement& statement : block) out += print(statement, indent);
    leave(visible);
    return out;
  }

  std::string print(const Statement& statement, const std::string& indent) {
    return indent + std::visit([&](const auto& s) { return print_one(s, indent); }, statement.value) + "\n";
  }

  std::string print_one(const For& loop, const std::string& indent) {
    std::string range = fmt::format("{}..{}", expression(loop.lower, ElementType::i64, 2),
                                    expression(loop.upper, ElementType::i64, 2));
    if (loop.step != 1) range += fmt::format(" by {}", loop.step);
    if (loop.kind == LoopKind::parallel) range += " parallel";
    if (loop.kind == LoopKind::vectorized) range += " vectorized";
    if (loop.kind == LoopKind::unrolled) range += " unrolled";
    if (loop.grain != 1) range += fmt::format(" grain {}", loop.grain);
    const size_t visible = scope_.size();
    const std::string variable = bind_variable(loop.variable);
    const std::string body = print(loop.body, indent + "  ");
    leave(visible);
    return fmt::format("for {} in {} {{\n{}{}}}", variable, range, body, indent);
  }

  std::string print_one(const Let& let, const std::string&) {
    const std::string value = expression(let.value, let.value->type);
    return fmt::format("let {}: {} = {}", bind_variable(let.variable), name(let.value->type), value);
  }

  std::string print_one(const Store& store, const std::string&) {
    const std::string target = element(store.buffer, store.indices);
    return fmt::format("{} = {}", target, expression(store.value, buffer_element(store.buffer)));
  }

  std::string print_one(const Declare& declare, const std::string&) {
    const auto index = static_cast<size_t>(declare.buffer);
    if (index >= function_.buffers.size()) return "local %?";
    const Buffer& buffer = function_.buffers[index];
    const std::string initial = declare.initial ? " = " + expression(declare.initial, buffer.element) : "";
    return fmt::format("local {}: {}{}", bind_buffer(index), buffer_type(buffer), initial);
  }

  std::string print_one(const If& branch, const std::string& indent) {
    std::string out = fmt::format("if {} {{\n{}{}}}", expression(branch.condition, ElementType::boolean),
                                  print(branch.then_block, indent + "  "), indent);
    if (!branch.else_block.empty())
      out += fmt::format(" else {{\n{}{}}}", print(branch.else_block, indent + "  "), indent);
    return out;
  }

  std::string print_one(const Call& call, const std::string&) {
    std::string out = fmt::format("call {}(", text::spell_at_name(call.function));
    std::string separator;
    for (const View& view : call.buffers) {
      out += separator + element(view.buffer, view.indices);
      separator = ", ";
    }
    for (size_t i = 0; i < call.scalars.size(); ++i) {
      out += fmt::format("{}{}{}", separator, i ? "" : "scalars ",
                         expression(call.scalars[i], ElementType::i64));
      separator = ", ";
    }
    return out + ")";
  }

  std::string print_one(const Prefetch& prefetch, const std::string&) {
    return "prefetch " + element(prefetch.element.buffer, prefetch.element.indices);
  }

  std::string print_one(const Return&, const std::string&) { return "return"; }

  // Names. Buffers have keys 2 * id, variables 2 * id + 1.
  std::string bind(int64_t key, std::string base) {
    if (const auto it = shown_.find(key); it != shown_.end()) return text::spell_value_name(it->second);
    std::string candidate = base;
    for (int64_t i = 1; taken_.count(candidate); ++i) candidate = fmt::format("{}.{}", base, i);
    taken_.emplace(candidate, key);
    shown_.emplace(key, candidate);
    scope_.push_back(key);
    return text::spell_value_name(candidate);
  }

  std::string bind_buffer(size_t id) {
    const std::string& base = function_.buffers[id].name;
    return bind(2 * static_cast<int64_t>(id), base.empty() ? fmt::format("b{}", id) : base);
  }

  std::string bind_variable(int64_t id) {
    const bool known = id >= 0 && static_cast<size_t>(id) < function_.variables.size();
    const std::string base = known ? function_.variables[static_cast<size_t>(id)] : "";
    return bind(2 * id + 1, base.empty() ? fmt::format("v{}", id) : base);
  }

  void leave(size_t visible) {
    while (scope_.size() > visible) {
      const auto it = shown_.find(scope_.back());
      taken_.erase(it->second);
      shown_.erase(it);
      scope_.pop_back();
    }
  }

  // What is not in scope still shows (the verifier quotes it), though it will not parse.
  std::string variable_name(int64_t id) const {
    const auto it = shown_.find(2 * id + 1);
    return it != shown_.end() ? text::spell_value_name(it->second) : fmt::format("%v{}", id);
  }

  std::string buffer_name(int64_t id) const {
    const auto it = shown_.find(2 * id);
    return it != shown_.end() ? text::spell_value_name(it->second) : fmt::format("%b{}", id);
  }

  Expected buffer_element(int64_t id) const {
    const auto index = static_cast<size_t>(id);
    return id >= 0 && index < function_.buffers.size() ? Expected(function_.buffers[index].element)
                                                       : std::nullopt;
  }

  const Function& function_;
  bool is_main_;
  std::map<int64_t, std::string> shown_;
  std::map<std::string, int64_t> taken_;
  std::vector<int64_t> scope_;
};

}  // namespace

std::string print(const Function& function, bool is_main) {
  return FunctionPrinter(function, is_main).run("");
}

std::string print(const Expression& expression) {
  const Function none;
  return FunctionPrinter(none, false).expression(expression, expression->type);
}

std::string print(const Program& program) {
  std::string out = "loops " + text::spell_at_name(program.name) + " ";
  if (!program.header.empty()) {
    out += "{";
    std::string separator;
    for (const auto& [name, value] : program.header) {
      out += fmt::format("{}{}={}", separator, text::spell_word(name), to_string(value));
      separator = ", ";
    }
    out += "} ";
  }
  out += fmt::format("workspace {} (", program.workspace_bytes);
  std::string separator;
  for (const Argument& argument : program.arguments) {
    out += fmt::format("{}{} {}: {}", separator, keyword(argument.kind),
                       text::spell_value_name(argument.name), to_string(argument.type));
    separator = ", ";
  }
  out += ") {\n";
  for (const Function& function : program.functions) out += FunctionPrinter(function, false).run("  ");
  return out + FunctionPrinter(program.main, true).run("  ") + "}\n";
}

}  // namespace gradus::loop
