#include "frontend/language/print.h"

#include <fmt/format.h>

#include <span>
#include <type_traits>

namespace gradus::language {

const char* symbol_of(BinaryOperator op) {
  switch (op) {
    case BinaryOperator::logical_or:
      return "or";
    case BinaryOperator::logical_and:
      return "and";
    case BinaryOperator::equal:
      return "==";
    case BinaryOperator::not_equal:
      return "!=";
    case BinaryOperator::less:
      return "<";
    case BinaryOperator::less_equal:
      return "<=";
    case BinaryOperator::greater:
      return ">";
    case BinaryOperator::greater_equal:
      return ">=";
    case BinaryOperator::add:
      return "+";
    case BinaryOperator::subtract:
      return "-";
    case BinaryOperator::multiply:
      return "*";
    case BinaryOperator::divide:
      return "/";
    case BinaryOperator::floor_divide:
      return "//";
    case BinaryOperator::remainder:
      return "%";
    case BinaryOperator::matrix_multiply:
      return "@";
    case BinaryOperator::power:
      return "^";
  }
  return "?";
}

namespace {

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

std::string_view text_of(Definition::Kind kind) {
  switch (kind) {
    case Definition::Kind::layer:
      return "layer";
    case Definition::Kind::model:
      return "model";
    case Definition::Kind::function:
      return "function";
    case Definition::Kind::optimizer:
      return "optimizer";
  }
  return "?";
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      out += fmt::format("\\u{{{:x}}}", static_cast<unsigned char>(c));
    } else {
      out += c;
    }
  }
  return out + '"';
}

template <class Elements, class Print>
std::string joined(const Elements& elements, Print print_one) {
  std::string out;
  for (const auto& element : elements) {
    if (!out.empty()) out += ", ";
    out += print_one(element);
  }
  return out;
}

std::string text_of(const ExpressionPointer& expression) { return print(*expression); }

std::string text_of(const Argument& argument) {
  return (argument.name ? argument.name->text + ": " : "") + print(argument.value);
}

std::string text_of(const Arguments& arguments) {
  return "(" + joined(arguments, [](const Argument& a) { return text_of(a); }) + ")";
}

std::string text_of(const std::vector<Identifier>& names) {
  return joined(names, [](const Identifier& n) { return n.text; });
}

std::string text_of(const TypePattern& type) {
  if (!type.alternatives.empty()) {
    std::string out;
    for (const std::string& name : type.alternatives) out += (out.empty() ? "" : " | ") + name;
    return out;
  }
  std::string out = type.name;
  if (type.shape)
    out += "[" + joined(*type.shape, [](const ExpressionPointer& e) { return text_of(e); }) + "]";
  return out;
}

std::string text_of(const Result& result) {
  return result.name.text + (result.type ? ": " + text_of(*result.type) : "");
}

// Statements and items over several lines.
class Printer {
 public:
  std::string take() { return std::move(out_); }
  void item(const Item& item);
  void statement(const Statement& statement);

 private:
  void line(std::string_view text) { out_ += std::string(indent_ * 2, ' ') + std::string(text) + "\n"; }
  void block(std::string_view head, const Block& body, std::string_view tail = "}");
  void if_statement(std::string head, const If& node);
  void definition(const Definition& node);
  std::string scan_head(const Scan& node) const;
  std::string simple(const Statement& statement) const;

  std::string out_;
  size_t indent_ = 0;
};

void Printer::block(std::string_view head, const Block& body, std::string_view tail) {
  line(fmt::format("{} {{", head));
  ++indent_;
  for (const Statement& inner : body.statements) statement(inner);
  --indent_;
  if (!tail.empty()) line(tail);
}

void Printer::if_statement(std::string head, const If& node) {
  block(fmt::format("{}if {}", head, print(*node.condition)), node.then, node.otherwise ? "" : "}");
  if (!node.otherwise) return;
  const auto& inner = node.otherwise->statements;
  const If* chained = inner.size() == 1 ? inner.front().as<If>() : nullptr;
  if (chained && inner.front().span == node.otherwise->span) {
    if_statement("} else ", *chained);
  } else {
    block("} else", *node.otherwise);
  }
}

std::string Printer::scan_head(const Scan& node) const {
  std::string out = "scan " + joined(node.sequences, [](const Scan::Sequence& s) {
                      return s.name.text + " in " + print(s.source);
                    });
  if (node.along) out += " along " + print(*node.along);
  if (node.step) out += " by " + print(*node.step);
  if (!node.carries.empty())
    out += " with " +
           joined(node.carries, [](const Scan::Carry& c) { return c.name.text + " = " + print(*c.initial); });
  return out;
}

// Statements on one line.
std::string Printer::simple(const Statement& statement) const {
  return std::visit(
      Overloaded{
          [](const Assignment& s) { return text_of(s.targets) + " = " + print(*s.value); },
          [](const Action& s) { return s.name.text + text_of(s.arguments); },
          [](const Use& s) { return "use " + print(s.path) + " = " + print(*s.value); },
          [](const Update& s) { return "update " + print(s.path) + " = " + print(*s.value); },
          [](const Collect& s) { return "collect " + s.name.text + " = " + print(*s.value); },
          [](const Input& s) { return "input " + s.name.text + " = " + print(*s.value); },
          [](const Metric& s) { return "metric " + s.name.text + (s.value ? " = " + print(*s.value) : ""); },
          [](const Data& s) { return "data " + print(*s.source) + " -> " + text_of(s.names); },
          [](const Load& s) {
            const auto* file = std::get_if<std::string>(&s.source);
            return "load " + (file ? quoted(*file) : print(std::get<Path>(s.source))) + " into " +
                   print(s.target);
          },
          [](const Minimize& s) {
            std::string out = "minimize " + print(*s.loss);
            if (!s.over.empty()) out += " over " + joined(s.over, [](const Path& p) { return print(p); });
            return out + " with " + print(*s.optimizer);
          },
          [](const EvaluateAt& s) { return "evaluate at " + print(*s.point); },
          [](const Penalty& s) { return "penalty " + print(*s.value); },
          [](const Expect& s) {
            return "expect " + print(*s.condition) + (s.about ? " about " + print(*s.about) : "") +
                   (s.within ? " within " + print(*s.within) : "");
          },
          [](const Print& s) {
            return "print " + joined(s.values, [](const ExpressionPointer& e) { return text_of(e); });
          },
          [](const auto&) { return std::string(); },
      },
      statement.kind);
}

void Printer::statement(const Statement& statement) {
  std::visit(Overloaded{
                 [&](const If& s) { if_statement("", s); },
                 [&](const For& s) {
                   block(fmt::format("for {} in {}{}", text_of(s.names), print(s.sequence),
                                     s.scope ? " as " + print(*s.scope) : ""),
                         s.body);
                 },
                 [&](const Scan& s) { block(scan_head(s), s.body); },
                 [&](const When& s) { block("when " + print(*s.condition), s.body); },
                 [&](const Every& s) {
                   block(s.steps ? fmt::format("every {} steps", print(*s.steps)) : "every epoch", s.body);
                 },
                 [&](const Finally& s) { block("finally", s.body); },
                 [&](const auto&) { line(simple(statement)); },
             },
             statement.kind);
}

void Printer::definition(const Definition& node) {
  std::string head = fmt::format("{} {}({})", text_of(node.kind), node.name.text,
                                 joined(node.parameters, [](const Parameter& p) { return print(p); }));
  if (node.expression) return line(head + " = " + print(*node.expression));
  if (!node.results.empty())
    head += " -> " + joined(node.results, [](const Result& r) { return text_of(r); });
  block(head, node.body);
}

void Printer::item(const Item& item) {
  for (std::string_view rest = item.documentation; !rest.empty();) {
    const size_t end = std::min(rest.find('\n'), rest.size());
    line(end == 0 ? "#" : "# " + std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  std::visit(Overloaded{
                 [&](const Import& i) { line("import " + quoted(i.file)); },
                 [&](const Constant& i) { line(i.name.text + " = " + print(*i.value)); },
                 [&](const Definition& i) { definition(i); },
                 [&](const Train& i) {
                   std::string head = "train " + i.name.text;
                   if (i.of) head += " of " + i.of->text;
                   if (!i.arguments.empty()) head += text_of(i.arguments);
                   block(head, i.body);
                 },
                 [&](const Program& i) { block("program " + i.name.text, i.body); },
             },
             item.kind);
}

}  // namespace

std::string print(const Range& range) {
  if (!range.is_range) return print(*range.first);
  std::string out = range.first ? print(*range.first) : "";
  out += "..";
  if (range.last) out += print(*range.last);
  if (range.step) out += (range.last ? " by " : "by ") + print(*range.step);
  return out;
}

std::string print(const Path& path) {
  std::string out = path.root.text;
  for (const Path::Step& step : path.steps) {
    out += std::visit(Overloaded{
                          [](const Path::Member& s) { return "." + s.name.text; },
                          [](const Path::Everything&) { return std::string(".*"); },
                          [](const Path::Subscript& s) { return "[" + print(s.index) + "]"; },
                      },
                      step);
  }
  return out;
}

std::string print(const Parameter& parameter) {
  std::string out = parameter.name.text;
  if (parameter.type) out += ": " + text_of(*parameter.type);
  if (parameter.default_value) out += " = " + print(*parameter.default_value);
  return out;
}

std::string print(const Expression& expression) {
  return std::visit(
      Overloaded{
          [](const Number& e) { return e.text; },
          [](const String& e) { return quoted(e.value); },
          [](const Name& e) { return e.text; },
          [](const Boolean& e) { return std::string(e.value ? "true" : "false"); },
          [](const None&) { return std::string("none"); },
          [](const Placeholder&) { return std::string("_"); },
          [](const Ellipsis&) { return std::string("..."); },
          [](const List& e) {
            return "[" + joined(e.elements, [](const ExpressionPointer& p) { return text_of(p); }) + "]";
          },
          [](const Parentheses& e) { return "(" + print(*e.inner) + ")"; },
          [](const Interval& e) { return print(e.range); },
          [](const Unary& e) { return (e.op == UnaryOperator::negate ? "-" : "not ") + print(*e.operand); },
          [](const Binary& e) {
            return fmt::format("{} {} {}", print(*e.left), symbol_of(e.op), print(*e.right));
          },
          [](const Pipe& e) { return print(*e.value) + " |> " + print(*e.target); },
          [](const Conditional& e) {
            const bool chained = e.otherwise->as<Conditional>() != nullptr;
            const std::string otherwise = print(*e.otherwise);
            return fmt::format("if {} {{ {} }} else {}", print(*e.condition), print(*e.then),
                               chained ? otherwise : "{ " + otherwise + " }");
          },
          [](const Call& e) { return print(*e.callee) + text_of(e.arguments); },
          [](const Index& e) {
            return print(*e.base) + "[" + joined(e.indices, [](const Range& r) { return print(r); }) + "]";
          },
          [](const Member& e) { return print(*e.base) + "." + e.name.text; },
          [](const Everything& e) { return print(*e.base) + ".*"; },
          [](const Named& e) { return print(*e.value) + " as " + print(e.path); },
      },
      expression.kind);
}

std::string print(const Statement& statement) {
  Printer printer;
  printer.statement(statement);
  return printer.take();
}

std::string print(const Item& item) {
  Printer printer;
  printer.item(item);
  return printer.take();
}

std::string print(const File& file) {
  std::string out;
  for (const Item& item : file.items) {
    if (!out.empty()) out += '\n';
    out += print(item);
  }
  return out;
}

}  // namespace gradus::language
