#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

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

// Where in a text that grows each thing begins.
class LineCounter {
 public:
  void note(const void* thing, const std::string& text) {
    line_ += static_cast<uint32_t>(
        std::count(text.begin() + static_cast<std::ptrdiff_t>(counted_), text.end(), '\n'));
    counted_ = text.size();
    lines_.emplace(thing, line_);
  }
  Lines take() && { return std::move(lines_); }

 private:
  Lines lines_;
  size_t counted_ = 0;
  uint32_t line_ = 1;
};

// Appends to the text: a program is some hundred kilobytes, printed to name its functions.
class FunctionPrinter {
 public:
  FunctionPrinter(const Function& function, std::string& out, LineCounter* lines, ShowOrigins show)
      : function_(function), out_(out), lines_(lines), show_(show) {}

  void function(bool is_main, std::string indent) {
    if (lines_ != nullptr) lines_->note(&function_, out_);
    indent_ = std::move(indent);
    out_ += indent_ + (is_main ? "main" : "function " + text::spell_at_name(function_.name));
    if (!is_main && function_.workspace_bytes > 0)
      out_ += fmt::format(" workspace {}", function_.workspace_bytes);
    out_ += " (";
    std::string_view separator;
    for (size_t b = 0; b < parameters(); ++b) {
      const Buffer& buffer = function_.buffers[b];
      out_ += fmt::format("{}{} {}: ", separator, keyword(buffer.role), bind_buffer(b));
      buffer_type(buffer);
      separator = ", ";
    }
    for (int64_t v = 0; v < function_.scalar_parameters; ++v) {
      out_ += fmt::format("{}{}{}", separator, v == 0 ? "scalars " : "", bind_variable(v));
      separator = ", ";
    }
    out_ += ")";
    around_ = &function_.origins;
    if (show_ == ShowOrigins::yes) origins(function_.origins);
    out_ += " {\n";
    for (size_t b = parameters(); b < function_.buffers.size(); ++b) {
      const Buffer& buffer = function_.buffers[b];
      if (buffer.role != BufferRole::workspace && (buffer.role != BufferRole::constant || !buffer.values))
        continue;
      out_ += fmt::format("{}  {} {}: ", indent_, keyword(buffer.role), bind_buffer(b));
      buffer_type(buffer);
      out_ += buffer.role == BufferRole::workspace ? fmt::format(" at {}\n", buffer.offset)
                                                   : fmt::format(" = {}\n", to_string(*buffer.values));
    }
    block(function_.body);
    out_ += indent_ + "}\n";
  }

  // Without a function around it.
  void expression(const Expression& e, Expected expected, int outer = 0) {
    if (e->op == ScalarOp::constant) return constant(*e, expected);
    if (e->op == ScalarOp::index) return variable_name(e->integer);
    if (e->op == ScalarOp::argument) {
      out_ += fmt::format("argument({}, {})", e->integer, name(e->type));
    } else if (e->op == ScalarOp::load) {
      element(e->integer, e->operands);
    } else if (e->op == ScalarOp::cast) {
      out_ += "cast(";
      expression(e->operands[0], std::nullopt);
      out_ += fmt::format(", {})", name(e->type));
    } else if (e->op == ScalarOp::negate && e->operands[0]->op != ScalarOp::constant) {
      bracketed(outer > unary_precedence, [&] {
        out_ += "-";
        expression(e->operands[0], expected, unary_precedence);
      });
    } else if (const int own = precedence(e->op); own > 0) {
      // Comparisons do not associate; the others associate to the left.
      bracketed(outer > own, [&] {
        expression(e->operands[0], expected, own == 1 ? 2 : own);
        (out_ += " ").append(infix(e->op)) += " ";
        expression(e->operands[1], e->operands[0]->type, own + 1);
      });
    } else {
      call(*e, expected);
    }
  }

 private:
  size_t parameters() const { return static_cast<size_t>(function_.buffer_parameters); }

  template <class Print>
  void bracketed(bool brackets, Print print) {
    if (brackets) out_ += "(";
    print();
    if (brackets) out_ += ")";
  }

  void constant(const ExpressionNode& e, Expected expected) {
    if (e.type == ElementType::boolean) {
      out_ += e.integer ? "true" : "false";
      return;
    }
    const bool has_point = is_float(e.type);
    const std::string text = has_point ? spell_number(e.type, e.number) : std::to_string(e.integer);
    const bool typed = literal_type(has_point, expected) != e.type;
    if (typed) out_.append(name(e.type));
    bracketed(typed, [&] { out_ += text; });
  }

  // What the parser expects of each operand: a condition, then the context's type, then the first one's.
  void call(const ExpressionNode& e, Expected expected) {
    out_.append(name(e.op)) += "(";
    Expected next = expected;
    if (e.op == ScalarOp::is_finite) next = std::nullopt;
    if (e.op == ScalarOp::random_bits) next = ElementType::i64;
    for (size_t i = 0; i < e.operands.size(); ++i) {
      const bool condition = e.op == ScalarOp::select && i == 0;
      if (i > 0) out_ += ", ";
      expression(e.operands[i], condition ? Expected(ElementType::boolean) : next);
      if (!condition) next = e.operands[i]->type;
    }
    out_ += ")";
  }

  void buffer_type(const Buffer& buffer) {
    out_.append(name(buffer.element)) += to_string(buffer.shape);
    if (buffer.strides != row_major_strides(buffer.shape))
      out_ += fmt::format(" strides {}", to_string(buffer.strides));
  }

  void element(int64_t buffer, const std::vector<Expression>& indices) {
    buffer_name(buffer);
    out_ += "[";
    for (size_t i = 0; i < indices.size(); ++i) {
      if (i > 0) out_ += ", ";
      expression(indices[i], ElementType::i64);
    }
    out_ += "]";
  }

  // The statements of a block, one step further in.
  void block(const Block& block) {
    const size_t visible = scope_.size();
    indent_ += "  ";
    for (const Statement& statement : block) {
      if (lines_ != nullptr) lines_->note(&statement, out_);
      out_ += indent_;
      const Origins* const around = around_;
      if (statement.origins) around_ = statement.origins.get();
      new_ = show_ == ShowOrigins::yes && around_ != around && *around_ != *around;
      std::visit([&](const auto& s) { print(s); }, statement.value);
      own_origins();  // of what has no body
      around_ = around;
      out_ += "\n";
    }
    indent_.resize(indent_.size() - 2);
    leave(visible);
  }

  void print(const For& loop) {
    const size_t visible = scope_.size();
    out_ += "for " + bind_variable(loop.variable) + " in ";
    expression(loop.lower, ElementType::i64, 2);
    out_ += "..";
    expression(loop.upper, ElementType::i64, 2);
    if (loop.step != 1) out_ += fmt::format(" by {}", loop.step);
    if (loop.kind == LoopKind::parallel) out_ += " parallel";
    if (loop.kind == LoopKind::vectorized) out_ += " vectorized";
    if (loop.kind == LoopKind::unrolled) out_ += " unrolled";
    if (loop.grain != 1) out_ += fmt::format(" grain {}", loop.grain);
    own_origins();
    out_ += " {\n";
    block(loop.body);
    out_ += indent_ + "}";
    leave(visible);
  }

  void print(const Let& let) {
    out_ += fmt::format("let {}: {} = ", bind_variable(let.variable), name(let.value->type));
    expression(let.value, let.value->type);
  }

  void print(const Store& store) {
    element(store.buffer, store.indices);
    out_ += " = ";
    expression(store.value, buffer_element(store.buffer));
  }

  void print(const Declare& declare) {
    const auto index = static_cast<size_t>(declare.buffer);
    if (index >= function_.buffers.size()) {
      out_ += "local %?";
      return;
    }
    const Buffer& buffer = function_.buffers[index];
    out_ += "local " + bind_buffer(index) + ": ";
    buffer_type(buffer);
    if (!declare.initial) return;
    out_ += " = ";
    expression(declare.initial, buffer.element);
  }

  void print(const If& branch) {
    out_ += "if ";
    expression(branch.condition, ElementType::boolean);
    own_origins();
    out_ += " {\n";
    block(branch.then_block);
    out_ += indent_ + "}";
    if (branch.else_block.empty()) return;
    out_ += " else {\n";
    block(branch.else_block);
    out_ += indent_ + "}";
  }

  void print(const Call& call) {
    out_ += "call " + text::spell_at_name(call.function);
    if (call.workspace) out_ += fmt::format(" workspace {} ", *call.workspace);
    out_ += "(";
    std::string_view separator;
    for (const View& view : call.buffers) {
      out_ += separator;
      element(view.buffer, view.indices);
      separator = ", ";
    }
    for (size_t i = 0; i < call.scalars.size(); ++i) {
      out_.append(separator) += i ? "" : "scalars ";
      expression(call.scalars[i], ElementType::i64);
      separator = ", ";
    }
    out_ += ")";
  }

  void print(const Prefetch& prefetch) {
    out_ += "prefetch ";
    element(prefetch.element.buffer, prefetch.element.indices);
  }

  void print(const Return&) { out_ += "return"; }

  void origins(const Origins& list) {
    for (const Origin& origin : list) out_ += " " + to_string(origin);
  }
  void own_origins() {
    if (new_) origins(*around_);
    new_ = false;
  }

  // Names. Buffers have keys 2 * id, variables 2 * id + 1.
  struct Shown {
    std::string name;
    std::string spelled;
  };

  const std::string& bind(int64_t key, const std::string& base) {
    if (const auto it = shown_.find(key); it != shown_.end()) return it->second.spelled;
    std::string candidate = base;
    for (int64_t i = 1; !taken_.insert(candidate).second; ++i) candidate = fmt::format("{}.{}", base, i);
    scope_.push_back(key);
    std::string spelled = text::spell_value_name(candidate);
    return shown_.emplace(key, Shown{std::move(candidate), std::move(spelled)}).first->second.spelled;
  }

  const std::string& bind_buffer(size_t id) {
    const std::string& base = function_.buffers[id].name;
    return bind(2 * static_cast<int64_t>(id), base.empty() ? fmt::format("b{}", id) : base);
  }

  const std::string& bind_variable(int64_t id) {
    const bool known = id >= 0 && static_cast<size_t>(id) < function_.variables.size();
    const std::string base = known ? function_.variables[static_cast<size_t>(id)] : "";
    return bind(2 * id + 1, base.empty() ? fmt::format("v{}", id) : base);
  }

  void leave(size_t visible) {
    while (scope_.size() > visible) {
      const auto it = shown_.find(scope_.back());
      taken_.erase(it->second.name);
      shown_.erase(it);
      scope_.pop_back();
    }
  }

  // What is not in scope still shows (the verifier quotes it), though it will not parse.
  void variable_name(int64_t id) {
    const auto it = shown_.find(2 * id + 1);
    out_ += it != shown_.end() ? it->second.spelled : fmt::format("%v{}", id);
  }

  void buffer_name(int64_t id) {
    const auto it = shown_.find(2 * id);
    out_ += it != shown_.end() ? it->second.spelled : fmt::format("%b{}", id);
  }

  Expected buffer_element(int64_t id) const {
    const auto index = static_cast<size_t>(id);
    return id >= 0 && index < function_.buffers.size() ? Expected(function_.buffers[index].element)
                                                       : std::nullopt;
  }

  const Function& function_;
  std::string& out_;
  LineCounter* lines_;
  ShowOrigins show_;
  const Origins* around_ = nullptr;  // of the statement, or of what it is in
  bool new_ = false;                 // others than those around it, and not printed yet
  std::string indent_;
  std::unordered_map<int64_t, Shown> shown_;
  std::unordered_set<std::string> taken_;
  std::vector<int64_t> scope_;
};

}  // namespace

std::string print(const Function& function, bool is_main, ShowOrigins show) {
  std::string out;
  FunctionPrinter(function, out, nullptr, show).function(is_main, "");
  return out;
}

std::string print(const Expression& expression) {
  const Function none;
  std::string out;
  FunctionPrinter(none, out, nullptr, ShowOrigins::no).expression(expression, expression->type);
  return out;
}

std::string print(const Program& program, Lines* lines, ShowOrigins show) {
  LineCounter counter;
  LineCounter* const counting = lines != nullptr ? &counter : nullptr;
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
  out += fmt::format("workspace {} (", program.workspace_bytes());
  std::string separator;
  for (const Argument& argument : program.arguments) {
    out += fmt::format("{}{} {}: {}", separator, gradus::name(argument.kind),
                       text::spell_value_name(argument.name), to_string(argument.type));
    separator = ", ";
  }
  out += ") {\n";
  for (const Function& function : program.functions)
    FunctionPrinter(function, out, counting, show).function(false, "  ");
  FunctionPrinter(program.main, out, counting, show).function(true, "  ");
  if (lines != nullptr) *lines = std::move(counter).take();
  return out + "}\n";
}

}  // namespace gradus::loop
