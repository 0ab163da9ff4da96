#include <fmt/format.h>

#include <utility>

#include "ir/loop/program_parser.h"
#include "ir/loop/text.h"
#include "ir/text/suggest.h"

namespace gradus::loop {

Program ProgramParser::run() {
  Program program;
  program.file = file_;
  try {
    parse_program(program);
  } catch (const SyntaxError&) {
  } catch (const text::TooManyErrors&) {
  }
  if (!diagnostics_.empty()) throw Error(ErrorKind::program, std::move(diagnostics_));
  return program;
}

void ProgramParser::parse_program(Program& program) {
  expect("loops", "'loops @name workspace N (arguments) { … }'");
  program.name = parse_at_name("the program's name such as @mlp");
  program.header = parse_attributes();
  expect("workspace", "'workspace' and its bytes");
  program.main.workspace_bytes = parse_natural("the bytes of the workspace");
  expect("(", "'(' and the arguments");
  if (!accept(")")) {
    do program.arguments.push_back(parse_argument());
    while (accept(","));
    expect(")", "',' or ')'");
  }
  expect("{");
  while (accept("function")) {
    program.functions.emplace_back();
    program.functions.back().span = text_span(peek());
    program.functions.back().name = parse_at_name("the function's name such as @dot_1");
    if (accept("workspace"))
      program.functions.back().workspace_bytes = parse_natural("the bytes of its workspace");
    parse_function(program.functions.back());
  }
  program.main.span = text_span(peek());
  expect("main", "'function' or 'main'");
  program.main.name = "main";
  parse_function(program.main);
  expect("}");
  if (peek().kind != TokenKind::end) fail(peek(), "the end of the text", "one text holds one program");
}

Argument ProgramParser::parse_argument() {
  constexpr ArgumentKind kinds[] = {ArgumentKind::input, ArgumentKind::parameter, ArgumentKind::state,
                                    ArgumentKind::seed,  ArgumentKind::step,      ArgumentKind::result,
                                    ArgumentKind::status};
  for (ArgumentKind kind : kinds) {
    if (!accept(gradus::name(kind))) continue;
    Argument argument;
    argument.kind = kind;
    argument.span = text_span(peek());
    argument.name = parse_name();
    expect(":", "':' and a type");
    argument.type = parse_type();
    return argument;
  }
  fail(peek(), "an argument: input, parameter, state, seed, step, result or status");
}

std::string ProgramParser::parse_name() {
  const Token& token = peek();
  if (token.kind != TokenKind::value) fail(token, "a name such as %x");
  take();
  return token.quoted ? text::unescape(token.text) : std::string(token.text);
}

void ProgramParser::parse_function(Function& function) {
  function_ = &function;
  names_.clear();
  scope_.clear();
  expect("(", "'(' and the buffers");
  if (!accept(")")) {
    parse_parameters();
    expect(")", "',' or ')'");
  }
  function.origins = parse_origins();
  function.buffer_parameters = static_cast<int64_t>(function.buffers.size());
  function.scalar_parameters = static_cast<int64_t>(function.variables.size());
  function.body = parse_block();
}

void ProgramParser::parse_parameters() {
  do {
    if (accept("scalars")) {
      do bind_variable(peek(), ElementType::i64, true);
      while (accept(","));
      return;
    }
    BufferRole role = BufferRole::read;
    if (accept("write"))
      role = BufferRole::write;
    else if (accept("update"))
      role = BufferRole::update;
    else
      expect("read", "read, write, update or scalars");
    parse_buffer(role);
  } while (accept(","));
}

int64_t ProgramParser::parse_buffer(BufferRole role) {
  const Token& token = peek();
  Buffer buffer;
  buffer.span = text_span(token);
  buffer.name = parse_name();
  buffer.role = role;
  expect(":", "':' and the type of the buffer");
  const Token& type_token = peek();
  Type type = parse_type();
  if (!type.layout.is_default()) fail_with(type_token, "a buffer has strides, not a layout");
  buffer.element = type.element;
  buffer.shape = std::move(type.shape);
  buffer.strides = row_major_strides(buffer.shape);
  if (accept("strides")) {
    buffer.strides = parse_integer_list("the strides in elements");
    if (buffer.strides.size() != buffer.shape.size())
      fail_with(type_token,
                fmt::format("{} strides for {} axes", buffer.strides.size(), buffer.shape.size()));
  }
  const auto known = names_.find(buffer.name);
  if (known != names_.end() && role == BufferRole::local && known->second.is_buffer) {
    const Buffer& first = function_->buffers[static_cast<size_t>(known->second.id)];
    if (first.role == role && first.element == buffer.element && first.shape == buffer.shape)
      return known->second.id;
  }
  const auto id = static_cast<int64_t>(function_->buffers.size());
  bind(token, buffer.name, {true, id, buffer.element});
  function_->buffers.push_back(std::move(buffer));
  return id;
}

void ProgramParser::bind(const Token& token, const std::string& name, Name meaning) {
  if (!names_.emplace(name, meaning).second)
    error(token, fmt::format("the name {} is taken here", describe(token)));
  else
    scope_.push_back(name);
}

int64_t ProgramParser::bind_variable(const Token& token, ElementType type, bool fresh) {
  const std::string name = parse_name();
  const auto known = names_.find(name);
  if (!fresh && known != names_.end() && !known->second.is_buffer && known->second.type == type)
    return known->second.id;
  const auto id = static_cast<int64_t>(function_->variables.size());
  bind(token, name, {false, id, type});
  function_->variables.push_back(name);
  return id;
}

void ProgramParser::leave(size_t visible) {
  while (scope_.size() > visible) {
    names_.erase(scope_.back());
    scope_.pop_back();
  }
}

Block ProgramParser::parse_block() {
  const Nested nested(depth_);
  if (depth_ > deepest_nesting)
    fail_with(peek(), fmt::format("blocks are nested more than {} deep", deepest_nesting));
  const size_t visible = scope_.size();
  Block block;
  expect("{", "'{'");
  while (!at("}") && peek().kind != TokenKind::end) {
    const size_t start = position_;
    const int depth = depth_;
    try {
      parse_statement(block);
    } catch (const SyntaxError&) {
      depth_ = depth;
      recover(start);
    }
  }
  expect("}");
  leave(visible);
  return block;
}

void ProgramParser::recover(size_t start) {
  int depth = 0;
  size_t p = std::max(position_, start + (tokens_[start].kind == TokenKind::end ? 0 : 1));
  for (; p + 1 < tokens_.size(); ++p) {
    const bool open = tokens_[p].kind == TokenKind::punctuation && tokens_[p].text == "{";
    const bool close = tokens_[p].kind == TokenKind::punctuation && tokens_[p].text == "}";
    if (depth == 0 && (close || tokens_[p].first_in_line)) break;
    depth += open ? 1 : close ? -1 : 0;
  }
  position_ = p;
}

void ProgramParser::parse_statement(Block& block) {
  const TextSpan start = text_span(peek());
  const size_t before = block.size();
  parse_one_statement(block);
  if (block.size() == before) return;
  block.back().span = start;
  if (Origins behind = parse_origins(); !behind.empty()) origins_ = std::move(behind);
  if (!origins_.empty()) block.back().origins = std::make_shared<const Origins>(std::exchange(origins_, {}));
}

void ProgramParser::parse_one_statement(Block& block) {
  if (at("for"))
    block.push_back({parse_for()});
  else if (at("let"))
    block.push_back({parse_let()});
  else if (at("local"))
    block.push_back({parse_declare()});
  else if (at("workspace"))
    parse_workspace();
  else if (at("constant"))
    parse_constant();
  else if (at("if"))
    block.push_back({parse_if()});
  else if (at("call"))
    block.push_back({parse_call()});
  else if (accept("prefetch"))
    block.push_back({Prefetch{parse_view()}});
  else if (accept("return"))
    block.push_back({Return{}});
  else if (peek().kind == TokenKind::value)
    block.push_back({parse_store()});
  else
    fail(peek(), "a statement: for, let, local, if, call, prefetch, return or a store such as %c[%i] = 0.0");
}

For ProgramParser::parse_for() {
  take();
  For loop;
  const size_t name_position = position_;
  parse_name();
  expect("in", "'in' and a range such as 0..64");
  loop.lower = parse_typed(ElementType::i64);
  expect("..");
  loop.upper = parse_typed(ElementType::i64);
  if (accept("by")) loop.step = parse_integer("the step of the loop");
  if (accept("parallel"))
    loop.kind = LoopKind::parallel;
  else if (accept("vectorized"))
    loop.kind = LoopKind::vectorized;
  else if (accept("unrolled"))
    loop.kind = LoopKind::unrolled;
  if (accept("grain")) loop.grain = parse_integer("the grain of the loop");
  Origins origins = parse_origins();
  // The variable is visible in the body alone.
  const size_t visible = scope_.size();
  const size_t body = std::exchange(position_, name_position);
  loop.variable = bind_variable(peek(), ElementType::i64);
  position_ = body;
  loop.body = parse_block();
  leave(visible);
  origins_ = std::move(origins);
  return loop;
}

Let ProgramParser::parse_let() {
  take();
  const size_t name_position = position_;
  parse_name();
  expect(":", "':' and an element type");
  const ElementType type = parse_element_type();
  expect("=");
  Let let;
  let.value = parse_typed(type);
  const size_t after = std::exchange(position_, name_position);
  let.variable = bind_variable(peek(), type);
  position_ = after;
  return let;
}

Declare ProgramParser::parse_declare() {
  take();
  Declare declare;
  declare.buffer = parse_buffer(BufferRole::local);
  if (accept("="))
    declare.initial = parse_typed(function_->buffers[static_cast<size_t>(declare.buffer)].element);
  return declare;
}

void ProgramParser::parse_workspace() {
  take();
  const int64_t id = parse_buffer(BufferRole::workspace);
  expect("at", "'at' and an offset in bytes");
  function_->buffers[static_cast<size_t>(id)].offset = parse_natural("an offset in bytes");
}

void ProgramParser::parse_constant() {
  take();
  const int64_t id = parse_buffer(BufferRole::constant);
  expect("=", "'=' and the list of values");
  const Token& token = peek();
  AttributeValue values = parse_attribute_value();
  const bool real = is_float(function_->buffers[static_cast<size_t>(id)].element);
  if (const auto* integers = std::get_if<std::vector<int64_t>>(&values); integers && real)
    values = std::vector<double>(integers->begin(), integers->end());
  if (real ? !std::holds_alternative<std::vector<double>>(values)
           : !std::holds_alternative<std::vector<int64_t>>(values))
    fail_with(token, real ? "expected a list of numbers" : "expected a list of integers");
  function_->buffers[static_cast<size_t>(id)].values =
      std::make_shared<const AttributeValue>(std::move(values));
}

If ProgramParser::parse_if() {
  take();
  If branch;
  branch.condition = parse_typed(ElementType::boolean);
  Origins origins = parse_origins();
  branch.then_block = parse_block();
  if (accept("else")) branch.else_block = parse_block();
  origins_ = std::move(origins);
  return branch;
}

Call ProgramParser::parse_call() {
  take();
  Call call;
  call.function = parse_at_name("the function's name such as @dot_1");
  if (accept("workspace")) call.workspace = parse_natural("a byte of the workspace");
  expect("(");
  if (accept(")")) return call;
  do {
    if (accept("scalars")) {
      do call.scalars.push_back(parse_typed(ElementType::i64));
      while (accept(","));
      break;
    }
    call.buffers.push_back(parse_view());
  } while (accept(","));
  expect(")", "',' or ')'");
  return call;
}

View ProgramParser::parse_view() {
  View view;
  view.buffer = find(peek(), true).id;
  view.indices = parse_indices();
  return view;
}

Store ProgramParser::parse_store() {
  Store store;
  const Name name = find(peek(), true);
  store.buffer = name.id;
  store.indices = parse_indices();
  expect("=", "'=' and the value to store");
  store.value = parse_typed(name.type);
  return store;
}

ProgramParser::Name ProgramParser::find(const Token& token, bool is_buffer) {
  const std::string name = parse_name();
  const auto it = names_.find(name);
  if (it == names_.end()) {
    std::vector<std::string_view> known;
    for (const auto& [other, meaning] : names_)
      if (meaning.is_buffer == is_buffer) known.push_back(other);
    fail_with(token,
              fmt::format("there is no {} {} here", is_buffer ? "buffer" : "variable", describe(token)),
              did_you_mean(name, known));
  }
  if (it->second.is_buffer != is_buffer)
    fail_with(token, fmt::format("{} is a {}", describe(token), is_buffer ? "variable" : "buffer"),
              is_buffer ? "" : "an element of a buffer is written %x[%i]");
  return it->second;
}

std::vector<Expression> ProgramParser::parse_indices() {
  std::vector<Expression> indices;
  expect("[", "'[' and the indices");
  if (accept("]")) return indices;
  do indices.push_back(parse_typed(ElementType::i64));
  while (accept(","));
  expect("]", "',' or ']'");
  return indices;
}

Program parse_program(std::string_view text, std::string file) {
  return ProgramParser(text, std::move(file)).run();
}

}  // namespace gradus::loop
