#include "ir/text/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "ir/text/graph_parser.h"
#include "ir/text/suggest.h"

namespace gradus {

namespace text {

ParsedGraph GraphParser::run() {
  std::optional<ParsedGraph> graph;
  try {
    graph = parse_graph();
  } catch (const SyntaxError&) {
  } catch (const text::TooManyErrors&) {
  }
  if (!diagnostics_.empty()) throw Error(ErrorKind::program, std::move(diagnostics_));
  return std::move(*graph);
}

ParsedGraph GraphParser::parse_graph() {
  const SourceSpan head = span(peek());
  expect("graph", "'graph @name (inputs) { … }'");
  Scope scope(parse_at_name("the graph's name such as @mlp"), nullptr);
  scope.builder.set_header(parse_attributes());
  std::vector<Declared> inputs = parse_inputs(scope, nullptr);
  ids_of_text_ = defined_ids(true);
  parse_block(scope, inputs, "return");
  if (peek().kind != TokenKind::end) fail(peek(), "the end of the text", "one text holds one graph");
  scope.spans.head = head;
  return {std::move(scope.builder).finish(), std::move(scope.spans)};
}

std::vector<Declared> GraphParser::parse_inputs(Scope& scope, Scope* outer) {
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

Declared GraphParser::parse_input(Scope* outer) {
  Declared input;
  for (InputKind kind :
       {InputKind::parameter, InputKind::state, InputKind::seed, InputKind::step, InputKind::variable})
    if (accept(keyword(kind))) {
      input.kind = kind;
      break;
    }
  const Token& name = peek();
  if (name.kind != TokenKind::value) fail(name, "an input such as %x: f32[64,10]");
  if (!name.quoted && is_id(name)) fail(name, "the name of an input", "numbers are for the values of nodes");
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

Declared GraphParser::parse_binding(Scope& outer, Declared input) {
  if (!input.type) input.origins = parse_origins();
  if (!accept("=")) return input;
  input.bound = true;
  input.operand = parse_value(outer);
  return input;
}

bool GraphParser::is_id(const Token& token) {
  return !token.quoted &&
         std::all_of(token.text.begin(), token.text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string GraphParser::spelled_name(const Token& token) {
  return token.quoted ? text::unescape(token.text) : std::string(token.text);
}

uint32_t GraphParser::parse_id(const Token& token) {
  uint32_t id = 0;
  const auto read = std::from_chars(token.text.data(), token.text.data() + token.text.size(), id);
  constexpr uint32_t most = uint32_t{1} << 31;  // passes go on from the largest
  if (read.ec != std::errc() || id >= most)
    fail_with(token, fmt::format("the number of the value %{} is too large", token.text.substr(0, 40)));
  return id;
}

void GraphParser::parse_block(Scope& scope, const std::vector<Declared>& inputs, std::string_view last) {
  expect("{", "'{'");
  scope.defined_ids = defined_ids(false);
  make_inputs(scope, inputs);
  for (;;) {
    const size_t start = position_;
    try {
      if (at("return") || at("yield")) {
        parse_results(scope, inputs, last);
        break;
      }
      if (peek().kind != TokenKind::value)
        fail(peek(), fmt::format("a node such as %3 = add %1, %2 : f32[64], or '{}' and the results", last));
      parse_statement(scope);
    } catch (const SyntaxError&) {
      scope.broken = true;
      if (!recover(start)) break;
    }
  }
  expect("}", fmt::format("'}}' after the '{}' line", last));
}

std::vector<uint32_t> GraphParser::defined_ids(bool with_bodies) const {
  std::vector<uint32_t> ids;
  int depth = 0;
  for (size_t p = position_; p < tokens_.size() && depth >= 0; ++p) {
    const Token& token = tokens_[p];
    depth += brace(p);
    if ((depth != 0 && !with_bodies) || token.kind != TokenKind::value || !is_id(token) ||
        p + 1 >= tokens_.size())
      continue;
    const std::string_view next = tokens_[p + 1].text;
    if (tokens_[p + 1].kind != TokenKind::punctuation || (next != "=" && next != ":")) continue;
    uint32_t id = 0;
    if (std::from_chars(token.text.data(), token.text.data() + token.text.size(), id).ec == std::errc())
      ids.push_back(id);
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void GraphParser::make_inputs(Scope& scope, const std::vector<Declared>& inputs) {
  for (const Declared& input : inputs) {
    while (std::binary_search(ids_of_text_.begin(), ids_of_text_.end(), free_id_)) ++free_id_;
    Definition definition{{}, 1, !input.type, input.span};
    if (input.type) {
      scope.builder.set_origins(input.origins);
      scope.builder.prefer_id(free_id_++);
      definition.value = scope.builder.input(input.name, input.kind, *input.type);
      scope.note_place(definition.value, input.span);
    } else {
      scope.broken = true;
    }
    scope.inputs.emplace(input.name, definition);
  }
  scope.builder.set_origins({});
}

bool GraphParser::recover(size_t start) {
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

int GraphParser::brace(size_t p) const {
  if (tokens_[p].kind != TokenKind::punctuation) return 0;
  return tokens_[p].text == "{" ? 1 : tokens_[p].text == "}" ? -1 : 0;
}

std::optional<Value> GraphParser::parse_value(Scope& scope) {
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

const Definition* GraphParser::find(Scope& scope, const Token& token) {
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

void GraphParser::undefined(Scope& scope, const Token& token, std::string hint) {
  scope.broken = true;
  if (depth_ > 0)
    hint += (hint.empty() ? "" : " ") + std::string("a body sees nothing but its own inputs and nodes");
  error(token, fmt::format("the value {} is not defined", describe(token)), std::move(hint));
}

void GraphParser::parse_results(Scope& scope, const std::vector<Declared>& inputs, std::string_view last) {
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

void GraphParser::parse_result(Scope& scope, std::map<std::string, SourceSpan>& names) {
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

void GraphParser::parse_update(Scope& scope, const std::vector<Declared>& inputs,
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

void GraphParser::parse_status(Scope& scope) {
  const Token& token = peek();
  const auto value = parse_value(scope);
  if (!value) return;
  const Type& type = scope.builder.type(*value);
  if (type.element != ElementType::i64 || type.shape != Shape{2})
    error(token, fmt::format("the status is {}, expected i64[2] (check, element)", to_string(type)));
  scope.builder.set_status(*value);
}

}  // namespace text

Graph parse_graph(std::string_view text, std::string file) {
  return text::GraphParser(text, std::move(file)).run().graph;
}

ParsedGraph parse_graph_with_spans(std::string_view text, std::string file) {
  return text::GraphParser(text, std::move(file)).run();
}

}  // namespace gradus
