#include "ir/text/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "ir/check_use.h"
#include "ir/op.h"
#include "ir/text/suggest.h"
#include "ir/text/token_reader.h"

namespace gradus {

namespace {

using text::describe;
using text::SyntaxError;
using text::Token;
using text::TokenKind;

constexpr int deepest_nesting = 32;

// A value that the text has defined. `broken`: its definition had an error, so uses of it are not judged.
struct Definition {
  Value value;
  uint32_t results = 1;
  bool broken = false;
  SourceSpan span;
};

// One graph or body: its own names and numbers.
struct Scope {
  explicit Scope(std::string name) : builder(std::move(name), BuilderOptions{.memoize = false}) {}

  GraphBuilder builder;
  std::map<std::string, Definition, std::less<>> inputs;
  std::map<uint32_t, Definition> values;
  std::vector<uint32_t> defined_ids;  // all of the scope, sorted
  bool broken = false;
};

struct Declared {
  std::string name;
  InputKind kind = InputKind::data;
  std::optional<Type> type;
  Origins origins;
  SourceSpan span;
  std::optional<Value> operand;  // of a body's input; none where the operand is broken or absent
  bool bound = false;
};

struct Statement {
  const Token* name = nullptr;
  const Token* op_name = nullptr;
  uint32_t id = 0;
  int64_t results = 1;
  const Op* op = nullptr;
  std::vector<std::optional<Value>> operands;  // none: broken
  Attributes attributes;
  std::shared_ptr<const Graph> body;
  std::vector<Type> types;
  Origins origins;
};

class Nested {
 public:
  explicit Nested(int& depth) : depth_(depth) { ++depth_; }
  ~Nested() { --depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  int& depth_;
};

class GraphParser : private text::TokenReader {
 public:
  using TokenReader::TokenReader;

  Graph run() {
    std::optional<Graph> graph;
    try {
      graph = parse_graph();
    } catch (const SyntaxError&) {
    } catch (const text::TooManyErrors&) {
    }
    if (!diagnostics_.empty()) throw Error(ErrorKind::program, std::move(diagnostics_));
    return std::move(*graph);
  }

 private:
  Graph parse_graph() {
    expect("graph", "'graph @name (inputs) { … }'");
    Scope scope(parse_at_name("the graph's name such as @mlp"));
    scope.builder.set_header(parse_attributes());
    std::vector<Declared> inputs = parse_inputs(scope, nullptr);
    parse_block(scope, inputs, "return");
    if (peek().kind != TokenKind::end) fail(peek(), "the end of the text", "one text holds one graph");
    return std::move(scope.builder).finish();
  }

  // The inputs in parentheses; of a body (`outer` is where its operands live) they are bound to operands.
  std::vector<Declared> parse_inputs(Scope& scope, Scope* outer) {
    std::vector<Declared> inputs;
    expect("(", "'(' and the inputs");
    if (accept(")")) return inputs;
    do {
      Declared input = parse_input(outer);
      const auto known = std::find_if(inputs.begin(), inputs.end(),
                                      [&](const Declared& other) { return other.name == input.name; });
      if (known != inputs.end()) {
        error(input.span, fmt::format("two inputs are named {}", text::spell_value_name(input.name)), {},
              {{"the first one", known->span}});
        scope.broken = true;
      } else {
        inputs.push_back(std::move(input));
      }
    } while (accept(","));
    expect(")", "',' or ')'");
    return inputs;
  }

  Declared parse_input(Scope* outer) {
    Declared input;
    for (InputKind kind :
         {InputKind::parameter, InputKind::state, InputKind::seed, InputKind::step, InputKind::variable})
      if (accept(keyword(kind))) {
        input.kind = kind;
        break;
      }
    const Token& name = peek();
    if (name.kind != TokenKind::value) fail(name, "an input such as %x: f32[64,10]");
    if (!name.quoted && is_id(name))
      fail(name, "the name of an input", "numbers are for the values of nodes");
    take();
    input.name = spelled_name(name);
    input.span = span(name);
    if (!outer)
      expect(":", "':' and the type of the input");
    else if (!accept(":"))
      return parse_binding(*outer, std::move(input));
    input.type = parse_type();
    input.origins = parse_origins();
    return outer ? parse_binding(*outer, std::move(input)) : input;
  }

  Declared parse_binding(Scope& outer, Declared input) {
    if (!input.type) input.origins = parse_origins();
    if (!accept("=")) return input;
    input.bound = true;
    input.operand = parse_value(outer);
    return input;
  }

  static bool is_id(const Token& token) {
    return !token.quoted &&
           std::all_of(token.text.begin(), token.text.end(), [](char c) { return c >= '0' && c <= '9'; });
  }

  static std::string spelled_name(const Token& token) {
    return token.quoted ? text::unescape(token.text) : std::string(token.text);
  }

  uint32_t parse_id(const Token& token) {
    uint32_t id = 0;
    const auto read = std::from_chars(token.text.data(), token.text.data() + token.text.size(), id);
    if (read.ec != std::errc() || id >= Origin::no_value - 1)
      fail_with(token, fmt::format("the number of the value %{} is too large", token.text.substr(0, 40)));
    return id;
  }

  void parse_block(Scope& scope, const std::vector<Declared>& inputs, std::string_view last) {
    expect("{", "'{'");
    find_defined_ids(scope);
    make_inputs(scope, inputs);
    for (;;) {
      const size_t start = position_;
      try {
        if (at("return") || at("yield")) {
          parse_results(scope, inputs, last);
          break;
        }
        if (peek().kind != TokenKind::value)
          fail(peek(),
               fmt::format("a node such as %3 = add %1, %2 : f32[64], or '{}' and the results", last));
        parse_statement(scope);
      } catch (const SyntaxError&) {
        scope.broken = true;
        if (!recover(start)) break;
      }
    }
    expect("}", fmt::format("'}}' after the '{}' line", last));
  }

  // Inputs have stable ids as well, which the text does not show; they get the smallest ones that are free.
  void find_defined_ids(Scope& scope) {
    int depth = 0;
    for (size_t p = position_; p < tokens_.size() && depth >= 0; ++p) {
      const Token& token = tokens_[p];
      if (token.kind == TokenKind::punctuation && token.text == "{") ++depth;
      if (token.kind == TokenKind::punctuation && token.text == "}") --depth;
      if (depth != 0 || token.kind != TokenKind::value || !is_id(token) || p + 1 >= tokens_.size()) continue;
      const std::string_view next = tokens_[p + 1].text;
      if (tokens_[p + 1].kind != TokenKind::punctuation || (next != "=" && next != ":")) continue;
      uint32_t id = 0;
      if (std::from_chars(token.text.data(), token.text.data() + token.text.size(), id).ec == std::errc())
        scope.defined_ids.push_back(id);
    }
    std::sort(scope.defined_ids.begin(), scope.defined_ids.end());
  }

  void make_inputs(Scope& scope, const std::vector<Declared>& inputs) {
    uint32_t id = 0;
    auto taken = scope.defined_ids.begin();
    for (const Declared& input : inputs) {
      while (taken != scope.defined_ids.end() && *taken <= id) {
        if (*taken == id) ++id;
        ++taken;
      }
      Definition definition{{}, 1, !input.type, input.span};
      if (input.type) {
        scope.builder.set_origins(input.origins);
        scope.builder.prefer_id(id++);
        definition.value = scope.builder.input(input.name, input.kind, *input.type);
      } else {
        scope.broken = true;
      }
      scope.inputs.emplace(input.name, definition);
    }
    scope.builder.set_origins({});
  }

  // Goes to the next line of the block that could be a statement; false at the end of the block.
  bool recover(size_t start) {
    size_t p = std::max(position_, start);
    int depth = 0;
    for (size_t q = start; q < p; ++q) depth += brace(q);
    // Still inside attributes: they end on their line.
    if (depth > 0)
      for (size_t q = p; q < tokens_.size() && !tokens_[q].first_in_line; ++q)
        if (brace(q) < 0) {
          p = q + 1;
          break;
        }
    depth = 0;
    for (; p + 1 < tokens_.size(); ++p) {
      const Token& token = tokens_[p];
      const bool moved = p > start;
      const bool ending = token.kind == TokenKind::word && (token.text == "yield" || token.text == "return");
      if (depth == 0 && moved && (ending || (token.first_in_line && token.kind == TokenKind::value))) break;
      if (depth == 0 && brace(p) < 0) {
        position_ = p;
        return false;
      }
      depth += brace(p);
    }
    position_ = p;
    return p + 1 < tokens_.size();
  }

  int brace(size_t p) const {
    if (tokens_[p].kind != TokenKind::punctuation) return 0;
    return tokens_[p].text == "{" ? 1 : tokens_[p].text == "}" ? -1 : 0;
  }

  // A value that is used; none if its definition is broken. Records an error if there is no definition.
  std::optional<Value> parse_value(Scope& scope) {
    const Token& token = peek();
    if (token.kind != TokenKind::value) fail(token, "a value such as %4");
    take();
    const Definition* definition = find(scope, token);
    int64_t result = 0;
    const Token* result_token = nullptr;
    if (at("#") && peek().joined) {
      take();
      result_token = &peek();
      result = parse_natural("the number of a result such as %9#1");
    }
    if (!definition || definition->broken) return std::nullopt;
    if (result >= definition->results) {
      error(*result_token, fmt::format("{} has {} result{}, so there is no result {}", describe(token),
                                       definition->results, definition->results == 1 ? "" : "s", result));
      return std::nullopt;
    }
    return Value{definition->value.node, static_cast<uint32_t>(result)};
  }

  const Definition* find(Scope& scope, const Token& token) {
    if (!is_id(token)) {
      const auto it = scope.inputs.find(spelled_name(token));
      if (it != scope.inputs.end()) return &it->second;
      std::vector<std::string_view> names;
      for (const auto& [name, definition] : scope.inputs) names.push_back(name);
      undefined(scope, token, did_you_mean(token.text, names));
      return nullptr;
    }
    const uint32_t id = parse_id(token);
    const auto it = scope.values.find(id);
    if (it != scope.values.end()) return &it->second;
    const bool later = std::binary_search(scope.defined_ids.begin(), scope.defined_ids.end(), id);
    undefined(scope, token, later ? "it is defined further down; operands come before their users" : "");
    return nullptr;
  }

  void undefined(Scope& scope, const Token& token, std::string hint) {
    scope.broken = true;
    if (depth_ > 0)
      hint += (hint.empty() ? "" : " ") + std::string("a body sees nothing but its own inputs and nodes");
    error(token, fmt::format("the value {} is not defined", describe(token)), std::move(hint));
  }

  void parse_statement(Scope& scope) {
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
    statement.origins = parse_origins();
    add(scope, statement);
  }

  void define(Scope& scope, const Statement& statement, Value value, bool broken) {
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

  void parse_right_side(Scope& scope, Statement& statement) {
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

  [[noreturn]] void unknown_op(const Token& token, const std::string& name) {
    if (name == "input")
      fail_with(token, "an input is no node: inputs are declared in the head",
                "write %x: f32[64] in the parentheses after the graph's name");
    std::vector<std::string_view> names;
    for (const Op* op : all_ops())
      if (op->name != "input") names.push_back(op->name);
    fail_with(token, fmt::format("there is no op '{}'", name), did_you_mean(name, names));
  }

  // False if the node is not one that shape inference may look at.
  bool check(const Statement& statement, bool has_body) {
    const auto problems = check_use(*statement.op, statement.operands.size(), statement.attributes, has_body);
    for (const UseProblem& problem : problems) error(*statement.op_name, problem.message, problem.hint);
    if (!problems.empty()) sound_ = false;
    return problems.empty();
  }

  void parse_body(Scope& outer, Statement& statement) {
    const Token& start = peek();
    if (depth_ >= deepest_nesting)
      fail_with(start, fmt::format("bodies are nested more than {} deep", deepest_nesting));
    Scope scope("body");
    std::vector<Declared> inputs = parse_inputs(scope, &outer);
    for (const Declared& input : inputs)
      if (input.bound) statement.operands.push_back(input.operand);
    if (check(statement, true)) infer_inputs(outer, statement, inputs, start);
    const bool sound = sound_;
    {
      const Nested nested(depth_);
      parse_block(scope, inputs, "yield");
    }
    sound_ = sound && !scope.broken;
    statement.body = std::make_shared<const Graph>(std::move(scope.builder).finish());
  }

  // Types of inputs that the text leaves out because they follow from the operands.
  void infer_inputs(Scope& outer, const Statement& statement, std::vector<Declared>& inputs,
                    const Token& start) {
    std::vector<Type> operands;
    for (const auto& operand : statement.operands) {
      if (!operand) return;
      operands.push_back(outer.builder.type(*operand));
    }
    const size_t implicit = statement.op->name == "scan" ? 1 : 0;
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

  void add(Scope& scope, const Statement& statement) {
    if (statement.results != static_cast<int64_t>(statement.types.size())) {
      error(*statement.name,
            fmt::format("%{} is said to have {} result{}, but {} type{} given", statement.id,
                        statement.results, statement.results == 1 ? "" : "s", statement.types.size(),
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
      scope.builder.prefer_id(statement.id);
      const Value value = scope.builder.add_typed(*statement.op, std::move(operands), statement.attributes,
                                                  statement.types, statement.body);
      define(scope, statement, value, false);
    } catch (const ShapeError& problem) {
      error(*statement.op_name, problem.what(), problem.hint);
      scope.broken = true;
    }
  }

  void parse_results(Scope& scope, const std::vector<Declared>& inputs, std::string_view last) {
    if (!at(last)) fail(peek(), fmt::format("'{}'", last));
    take();
    if (at("}")) return;
    bool updates = false;
    std::map<std::string, SourceSpan> names;
    std::map<uint32_t, SourceSpan> updated;
    do {
      if (at("status") && !at("=", 1)) {
        take();
        parse_status(scope);
        break;
      }
      if (at("updates") && !at("=", 1)) {
        take();
        updates = true;
      }
      if (updates)
        parse_update(scope, inputs, updated);
      else
        parse_result(scope, names);
    } while (accept(","));
  }

  void parse_result(Scope& scope, std::map<std::string, SourceSpan>& names) {
    std::string name;
    if (peek().kind == TokenKind::string || (peek().kind == TokenKind::word && at("=", 1))) {
      const SourceSpan where = span(peek());
      name = parse_word_or_string("the name of a result");
      expect("=", "'=' and a value");
      const auto [it, made] = names.emplace(name, where);
      if (!made)
        error(where, fmt::format("two results are named '{}'", name), {}, {{"the first one", it->second}});
    }
    if (const auto value = parse_value(scope)) scope.builder.add_result(std::move(name), *value);
  }

  void parse_update(Scope& scope, const std::vector<Declared>& inputs,
                    std::map<uint32_t, SourceSpan>& updated) {
    const Token& token = peek();
    if (token.kind != TokenKind::value) fail(token, "an update such as %w = %41");
    const std::string name = spelled_name(token);
    const auto it =
        std::find_if(inputs.begin(), inputs.end(), [&](const Declared& d) { return d.name == name; });
    if (is_id(token) || it == inputs.end())
      fail_with(token, fmt::format("{} is no input, so it cannot be updated", describe(token)));
    take();
    expect("=", "'=' and the new value");
    const Token& value_token = peek();
    const auto value = parse_value(scope);
    const auto index = static_cast<uint32_t>(it - inputs.begin());
    const auto [first, made] = updated.emplace(index, span(token));
    if (!made)
      error(span(token), fmt::format("{} is updated twice", describe(token)), {},
            {{"the first one", first->second}});
    if (!value || scope.broken) return;
    const Type& type = scope.builder.type(*value);
    if (it->type && (type.element != it->type->element || type.shape != it->type->shape))
      error(value_token, fmt::format("the update of {} is {}, but the input is {}", describe(token),
                                     to_string(type), to_string(*it->type)));
    scope.builder.add_update(index, *value);
  }

  void parse_status(Scope& scope) {
    const Token& token = peek();
    const auto value = parse_value(scope);
    if (!value) return;
    const Type& type = scope.builder.type(*value);
    if (type.element != ElementType::i64 || type.shape != Shape{2})
      error(token, fmt::format("the status is {}, expected i64[2] (check, element)", to_string(type)));
    scope.builder.set_status(*value);
  }

  int depth_ = 0;
  bool sound_ = true;  // of the statement being read: shape inference may look at it
};

}  // namespace

Graph parse_graph(std::string_view text, std::string file) {
  return GraphParser(text, std::move(file)).run();
}

}  // namespace gradus
