#include "frontend/language_server/names.h"

#include <algorithm>
#include <filesystem>
#include <set>
#include <span>

namespace gradus::language_server {

using namespace language;

std::string imported_path(const ParsedText& from, const language::Import& import) {
  return (std::filesystem::path(from.name).parent_path() / import.file).lexically_normal().string();
}

namespace {

constexpr size_t most_imports = 1000;

void add_imports(const ParsedText& from, const Documents& documents, ParsedTexts& texts,
                 std::set<std::string>& seen) {
  for (const Item& item : from.tree.items) {
    const auto* import = item.as<language::Import>();
    if (!import || import->file.find('\0') != std::string::npos || seen.size() > most_imports) continue;
    const std::string path = imported_path(from, *import);
    if (!seen.insert(path).second) continue;
    try {
      const Documents::Document* open = documents.find_path(path);
      texts.push_back(open ? open->parsed : std::make_shared<ParsedText>(path, documents.read(path)));
    } catch (const Error&) {
      continue;  // a diagnostic says so
    }
    const std::shared_ptr<const ParsedText> added = texts.back();
    add_imports(*added, documents, texts, seen);
  }
}

}  // namespace

Program program_of(const Documents::Document& document, const Documents& documents) {
  Program program{document.parsed, {}};
  std::set<std::string> seen = {document.parsed->name};
  add_imports(*program.own, documents, program.imported, seen);
  return program;
}

const Identifier* name_of(const Item& item) {
  if (const auto* definition = item.as<language::Definition>()) return &definition->name;
  if (const auto* constant = item.as<Constant>()) return &constant->name;
  if (const auto* train = item.as<Train>()) return &train->name;
  if (const auto* program = item.as<language::Program>()) return &program->name;
  return nullptr;
}

namespace {

std::optional<Definition> find_in(const ParsedText& text, std::string_view name, bool blocks) {
  for (const Item& item : text.tree.items) {
    const Identifier* defined = name_of(item);
    const bool block = item.as<Train>() || item.as<language::Program>();
    if (defined && defined->text == name && block == blocks) return Definition{&text, &item};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Definition> find_definition(const Program& program, std::string_view name) {
  if (auto found = find_in(*program.own, name, false)) return found;
  for (const auto& text : program.imported)
    if (auto found = find_in(*text, name, false)) return found;
  for (const auto& text : library_texts())
    if (auto found = find_in(*text, name, false)) return found;
  return find_in(*program.own, name, true);
}

std::optional<Definition> model_of(const Program& program, const Item& block) {
  const auto* train = block.as<Train>();
  if (!train) return std::nullopt;
  std::optional<Definition> found = find_definition(program, train->of ? train->of->text : train->name.text);
  if (!found || !found->item->as<language::Definition>()) return std::nullopt;
  return found;
}

const std::vector<Result>& results_of(const Definition& definition) {
  static const std::vector<Result> none;
  const auto* defined = definition.item->as<language::Definition>();
  return defined ? defined->results : none;
}

// --- bindings ----------------------------------------------------------------------------------------------

namespace {

class Collector {
 public:
  std::vector<Binding> take() { return std::move(bindings_); }

  void item(const Item& item) {
    if (const auto* definition = item.as<language::Definition>()) {
      for (const Parameter& parameter : definition->parameters) {
        bindings_.push_back({parameter.name, parameter.is_input() ? "input" : "setting", &parameter});
        if (parameter.type && parameter.type->shape)
          for (const ExpressionPointer& axis : *parameter.type->shape)
            if (const auto* size = axis->as<Name>()) add({size->text, axis->span}, "size");
        expression(parameter.default_value);
      }
      for (const Result& result : definition->results) add(result.name, "result");
      expression(definition->expression);
      block(definition->body);
    }
    if (const auto* constant = item.as<Constant>()) expression(constant->value);
    if (const auto* train = item.as<Train>()) {
      arguments(train->arguments);
      block(train->body);
    }
    if (const auto* program = item.as<language::Program>()) block(program->body);
  }

 private:
  void add(const Identifier& name, std::string_view kind) {
    if (name.text != "_") bindings_.push_back({name, kind});
  }

  void block(const Block& block) {
    for (const Statement& each : block.statements)
      std::visit([&](const auto& node) { statement(node); }, each.kind);
  }

  void statement(const Assignment& node) {
    for (const Identifier& target : node.targets) add(target, "variable");
    expression(node.value);
  }
  void statement(const Action& node) { arguments(node.arguments); }
  void statement(const If& node) {
    expression(node.condition);
    block(node.then);
    if (node.otherwise) block(*node.otherwise);
  }
  void statement(const For& node) {
    range(node.sequence);
    for (const Identifier& name : node.names) add(name, "loop variable");
    if (node.scope) add(node.scope->root, "scope");
    block(node.body);
  }
  void statement(const Scan& node) {
    for (const Scan::Sequence& sequence : node.sequences) {
      range(sequence.source);
      add(sequence.name, "element");
    }
    for (const Scan::Carry& carry : node.carries) {
      add(carry.name, "carry");
      expression(carry.initial);
    }
    block(node.body);
  }
  void statement(const Use& node) {
    add(node.path.root, "instance");
    expression(node.value);
  }
  void statement(const language::Update& node) { expression(node.value); }
  void statement(const Collect& node) {
    add(node.name, "list");
    expression(node.value);
  }
  void statement(const language::Input& node) {
    add(node.name, "input");
    expression(node.value);
  }
  void statement(const Metric& node) {
    if (node.value) add(node.name, "metric");
    expression(node.value);
  }
  void statement(const Data& node) {
    for (const Identifier& name : node.names) add(name, "column");
    expression(node.source);
  }
  void statement(const Load&) {}
  void statement(const Minimize& node) {
    expression(node.loss);
    expression(node.optimizer);
  }
  void statement(const EvaluateAt& node) { expression(node.point); }
  void statement(const Penalty& node) { expression(node.value); }
  void statement(const When& node) {
    expression(node.condition);
    block(node.body);
  }
  void statement(const Every& node) { block(node.body); }
  void statement(const Finally& node) { block(node.body); }
  void statement(const Expect& node) { expression(node.condition); }
  void statement(const Print& node) {
    for (const ExpressionPointer& value : node.values) expression(value);
  }
  // Statements that the language gets later bind nothing until it is said here.
  template <class Node>
  void statement(const Node&) {}

  // Only `as` binds inside of expressions.
  void expression(const ExpressionPointer& pointer) {
    if (pointer) std::visit([&](const auto& node) { part(node); }, pointer->kind);
  }
  void range(const language::Range& range) {
    expression(range.first);
    expression(range.last);
    expression(range.step);
  }
  void arguments(const Arguments& arguments) {
    for (const Argument& argument : arguments) range(argument.value);
  }
  void part(const List& node) {
    for (const ExpressionPointer& element : node.elements) expression(element);
  }
  void part(const Parentheses& node) { expression(node.inner); }
  void part(const Unary& node) { expression(node.operand); }
  void part(const Binary& node) {
    expression(node.left);
    expression(node.right);
  }
  void part(const Pipe& node) {
    expression(node.value);
    expression(node.target);
  }
  void part(const Conditional& node) {
    expression(node.condition);
    expression(node.then);
    expression(node.otherwise);
  }
  void part(const Call& node) {
    expression(node.callee);
    arguments(node.arguments);
  }
  void part(const Index& node) { expression(node.base); }
  void part(const Member& node) { expression(node.base); }
  void part(const Named& node) {
    expression(node.value);
    add(node.path.root, "instance");
  }
  template <class Leaf>
  void part(const Leaf&) {}

  std::vector<Binding> bindings_;
};

bool before(const SourceSpan& a, const SourceSpan& b) {
  return std::pair(a.line, a.column) < std::pair(b.line, b.column);
}

}  // namespace

std::vector<Binding> bindings_of(const Item& item) {
  Collector collector;
  collector.item(item);
  std::vector<Binding> bindings = collector.take();
  std::stable_sort(bindings.begin(), bindings.end(),
                   [](const Binding& a, const Binding& b) { return before(a.name.span, b.name.span); });
  return bindings;
}

const Item* item_at(const ParsedText& text, uint32_t line) {
  const Item* found = nullptr;
  for (const Item& item : text.tree.items)
    if (item.span.line <= line) found = &item;
  return found;
}

std::optional<Binding> find_binding(const ParsedText& text, std::string_view name, const SourceSpan& place) {
  const Item* item = item_at(text, place.line);
  std::optional<Binding> found;
  if (!item) return found;
  for (const Binding& binding : bindings_of(*item))
    if (binding.name.text == name && (!found || !before(place, binding.name.span))) found = binding;
  return found;
}

// --- words -------------------------------------------------------------------------------------------------

std::string_view enclosing_call(const ParsedText& text, size_t token) {
  const std::vector<Token>& tokens = text.tokens.tokens;
  size_t depth = 0;
  for (size_t i = std::min(token, tokens.size()); i-- > 0;) {
    const Token& each = tokens[i];
    if (each.is(")") || each.is("]") || each.is("}")) ++depth;
    if (!each.is("(") && !each.is("[") && !each.is("{")) continue;
    if (depth > 0) {
      --depth;
      continue;
    }
    return each.is("(") && i > 0 && tokens[i - 1].kind == Token::Kind::name ? tokens[i - 1].text : "";
  }
  return "";
}

std::optional<Word> word_at(const ParsedText& text, size_t offset) {
  const std::vector<Token>& tokens = text.tokens.tokens;
  for (size_t i = 0; i < tokens.size(); ++i) {
    if (!tokens[i].is_word()) continue;
    const size_t start = static_cast<size_t>(tokens[i].text.data() - text.text.data());
    if (start > offset) break;
    if (offset > start + tokens[i].text.size()) continue;
    Word word{i, tokens[i].text, {text.name, tokens[i].line, tokens[i].column, tokens[i].end_column()}};
    word.member = i > 0 && tokens[i - 1].is(".");
    if (i + 1 < tokens.size() && tokens[i + 1].is(":")) word.argument_of = enclosing_call(text, i);
    return word;
  }
  return std::nullopt;
}

}  // namespace gradus::language_server
