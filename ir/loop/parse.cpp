#include <fmt/format.h>

#include <map>

#include "ir/loop/text.h"
#include "ir/text/suggest.h"
#include "ir/text/token_reader.h"

namespace gradus::loop {

namespace {

using text::describe;
using text::SyntaxError;
using text::Token;
using text::TokenKind;
using Expected = std::optional<ElementType>;

constexpr int deepest_nesting = 200;

class Nested {
 public:
  explicit Nested(int& depth) : depth_(depth) { ++depth_; }
  ~Nested() { --depth_; }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;

 private:
  int& depth_;
};

class ProgramParser : private text::TokenReader {
 public:
  using TokenReader::TokenReader;

  Program run() {
    Program program;
    try {
      parse_program(program);
    } catch (const SyntaxError&) {
    } catch (const text::TooManyErrors&) {
    }
    if (!diagnostics_.empty()) throw Error(ErrorKind::program, std::move(diagnostics_));
    return program;
  }

 private:
  struct Name {
    bool is_buffer = false;
    int64_t id = 0;
    ElementType type = ElementType::i64;
  };

  void parse_program(Program& program) {
    expect("loops", "'loops @name workspace N (arguments) { … }'");
    program.name = parse_at_name("the program's name such as @mlp");
    program.header = parse_attributes();
    expect("workspace", "'workspace' and its bytes");
    program.workspace_bytes = parse_natural("the bytes of the workspace");
    expect("(", "'(' and the arguments");
    if (!accept(")")) {
      do program.arguments.push_back(parse_argument());
      while (accept(","));
      expect(")", "',' or ')'");
    }
    expect("{");
    while (accept("function")) {
      program.functions.emplace_back();
      program.functions.back().name = parse_at_name("the function's name such as @dot_1");
      parse_function(program.functions.back());
    }
    expect("main", "'function' or 'main'");
    program.main.name = "main";
    parse_function(program.main);
    expect("}");
    if (peek().kind != TokenKind::end) fail(peek(), "the end of the text", "one text holds one program");
  }

  Argument parse_argument() {
    constexpr ArgumentKind kinds[] = {ArgumentKind::input, ArgumentKind::parameter, ArgumentKind::state,
                                      ArgumentKind::seed,  ArgumentKind::step,      ArgumentKind::result,
                                      ArgumentKind::status};
    for (ArgumentKind kind : kinds) {
      if (!accept(keyword(kind))) continue;
      Argument argument;
      argument.kind = kind;
      argument.name = parse_name();
      expect(":", "':' and a type");
      argument.type = parse_type();
      return argument;
    }
    fail(peek(), "an argument: input, parameter, state, seed, step, result or status");
  }

  std::string parse_name() {
    const Token& token = peek();
    if (token.kind != TokenKind::value) fail(token, "a name such as %x");
    take();
    return token.quoted ? text::unescape(token.text) : std::string(token.text);
  }

  void parse_function(Function& function) {
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

  void parse_parameters() {
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

  // %name: f32[2,3] strides [3,1]; returns its id.
  int64_t parse_buffer(BufferRole role) {
    const Token& token = peek();
    Buffer buffer;
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

  void bind(const Token& token, const std::string& name, Name meaning) {
    if (!names_.emplace(name, meaning).second)
      error(token, fmt::format("the name {} is taken here", describe(token)));
    else
      scope_.push_back(name);
  }

  int64_t bind_variable(const Token& token, ElementType type, bool fresh = false) {
    const std::string name = parse_name();
    const auto known = names_.find(name);
    if (!fresh && known != names_.end() && !known->second.is_buffer && known->second.type == type)
      return known->second.id;
    const auto id = static_cast<int64_t>(function_->variables.size());
    bind(token, name, {false, id, type});
    function_->variables.push_back(name);
    return id;
  }

  void leave(size_t visible) {
    while (scope_.size() > visible) {
      names_.erase(scope_.back());
      scope_.pop_back();
    }
  }

  Block parse_block() {
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

  // Goes to the next line of this block.
  void recover(size_t start) {
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

  void parse_statement(Block& block) {
    if (at("for"))
      block.push_back({parse_for()});
    else if (at("let"))
      block.push_back({parse_let()});
    else if (at("local"))
      block.push_back({parse_declare()});
    else if (at("workspace"))
      parse_workspace();
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
      fail(peek(),
           "a statement: for, let, local, if, call, prefetch, return or a store such as %c[%i] = 0.0");
  }

  For parse_for() {
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
    // The variable is visible in the body alone.
    const size_t visible = scope_.size();
    const size_t body = std::exchange(position_, name_position);
    loop.variable = bind_variable(peek(), ElementType::i64);
    position_ = body;
    loop.body = parse_block();
    leave(visible);
    return loop;
  }

  Let parse_let() {
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

  Declare parse_declare() {
    take();
    Declare declare;
    declare.buffer = parse_buffer(BufferRole::local);
    if (accept("="))
      declare.initial = parse_typed(function_->buffers[static_cast<size_t>(declare.buffer)].element);
    return declare;
  }

  void parse_workspace() {
    take();
    const int64_t id = parse_buffer(BufferRole::workspace);
    expect("at", "'at' and an offset in bytes");
    function_->buffers[static_cast<size_t>(id)].offset = parse_natural("an offset in bytes");
  }

  If parse_if() {
    take();
    If branch;
    branch.condition = parse_typed(ElementType::boolean);
    branch.then_block = parse_block();
    if (accept("else")) branch.else_block = parse_block();
    return branch;
  }

  Call parse_call() {
    take();
    Call call;
    call.function = parse_at_name("the function's name such as @dot_1");
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

  View parse_view() {
    View view;
    view.buffer = find(peek(), true).id;
    view.indices = parse_indices();
    return view;
  }

  Store parse_store() {
    Store store;
    const Name name = find(peek(), true);
    store.buffer = name.id;
    store.indices = parse_indices();
    expect("=", "'=' and the value to store");
    store.value = parse_typed(name.type);
    return store;
  }

  Name find(const Token& token, bool is_buffer) {
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

  std::vector<Expression> parse_indices() {
    std::vector<Expression> indices;
    expect("[", "'[' and the indices");
    if (accept("]")) return indices;
    do indices.push_back(parse_typed(ElementType::i64));
    while (accept(","));
    expect("]", "',' or ']'");
    return indices;
  }

  Expression parse_typed(ElementType type) {
    const Token& token = peek();
    Expression expression = parse_expression(type);
    if (expression->type != type)
      error(token, fmt::format("the value is {}, expected {}", name(expression->type), name(type)),
            fmt::format("write cast(…, {}), or {}(…) around a literal", name(type), name(type)));
    return expression;
  }

  Expression node(ScalarOp op, ElementType type, std::vector<Expression> operands, int64_t integer = 0) {
    ExpressionNode made;
    made.op = op;
    made.type = type;
    made.operands = std::move(operands);
    made.integer = integer;
    return std::make_shared<const ExpressionNode>(std::move(made));
  }

  std::optional<ScalarOp> infix_at(int level) const {
    if (peek().kind != TokenKind::punctuation) return std::nullopt;
    for (int i = 0; i <= static_cast<int>(ScalarOp::random_bits); ++i)
      if (const auto op = static_cast<ScalarOp>(i); precedence(op) == level && infix(op) == peek().text)
        return op;
    return std::nullopt;
  }

  // level 1 comparisons, 2 sums, 3 products.
  Expression parse_expression(Expected expected, int level = 1) {
    const Nested nested(depth_);
    if (depth_ > 10 * deepest_nesting)
      fail_with(peek(), fmt::format("an expression is nested more than {} deep", deepest_nesting));
    if (level > 3) return parse_unary(expected);
    Expression left = parse_expression(expected, level + 1);
    while (const auto op = infix_at(level)) {
      take();
      Expression right = parse_expression(left->type, level + 1);
      left = make(*op, {left, right});
      if (level == 1) break;
    }
    return left;
  }

  Expression parse_unary(Expected expected) {
    if (at("-") && !is_literal(peek(1))) {
      take();
      const Nested nested(depth_);
      if (depth_ > 10 * deepest_nesting) fail_with(peek(), "too many signs");
      return make(ScalarOp::negate, {parse_unary(expected)});
    }
    return parse_primary(expected);
  }

  static bool is_literal(const Token& token) {
    return token.kind == TokenKind::integer || token.kind == TokenKind::number ||
           (token.kind == TokenKind::word && (token.text == "inf" || token.text == "nan"));
  }

  Expression parse_literal(Expected expected, bool exact) {
    const AttributeValue value = parse_attribute_value();
    if (const double* number = std::get_if<double>(&value))
      return constant(exact && is_float(*expected) ? *expected : literal_type(true, expected), *number);
    const int64_t integer = std::get<int64_t>(value);
    return constant_integer(exact ? *expected : literal_type(false, expected), integer);
  }

  Expression parse_primary(Expected expected) {
    const Token& token = peek();
    if (is_literal(token) || at("-")) return parse_literal(expected, false);
    if (accept("(")) {
      Expression inner = parse_expression(expected);
      expect(")");
      return inner;
    }
    if (token.kind == TokenKind::value) return parse_reference();
    if (token.kind != TokenKind::word) fail(token, "a value");
    if (accept("true")) return constant_integer(ElementType::boolean, 1);
    if (accept("false")) return constant_integer(ElementType::boolean, 0);
    if (const auto type = element_type_named(token.text); type && at("(", 1))
      return parse_typed_literal(*type);
    return parse_call_of(token, expected);
  }

  Expression parse_typed_literal(ElementType type) {
    take();
    take();
    if (!is_literal(peek()) && !(at("-") && is_literal(peek(1))))
      fail(peek(), "a literal", fmt::format("a conversion is written cast(…, {})", name(type)));
    const Token& token = peek();
    Expression literal = parse_literal(type, true);
    if (literal->type != type) error(token, fmt::format("{} is no {}", describe(token), name(type)));
    expect(")");
    return literal;
  }

  Expression parse_reference() {
    const bool is_element = at("[", 1);
    const Name name = find(peek(), is_element);
    if (!is_element) return node(ScalarOp::index, name.type, {}, name.id);
    return node(ScalarOp::load, name.type, parse_indices(), name.id);
  }

  Expression parse_call_of(const Token& token, Expected expected) {
    const auto op = scalar_op_named(token.text);
    if (!op || *op == ScalarOp::constant || *op == ScalarOp::index || *op == ScalarOp::load) {
      std::vector<std::string_view> names;
      for (int i = static_cast<int>(ScalarOp::negate); i <= static_cast<int>(ScalarOp::random_bits); ++i)
        names.push_back(name(static_cast<ScalarOp>(i)));
      fail_with(token, fmt::format("there is no function {}", describe(token)),
                did_you_mean(token.text, names));
    }
    take();
    expect("(");
    if (*op == ScalarOp::argument) return parse_argument_placeholder();
    Expected next = expected;
    if (*op == ScalarOp::is_finite || *op == ScalarOp::cast) next = std::nullopt;
    if (*op == ScalarOp::random_bits) next = ElementType::i64;
    std::vector<Expression> operands;
    for (int i = 0; i < arity(*op); ++i) {
      if (i) expect(",", fmt::format("',' ({} takes {} operands)", token.text, arity(*op)));
      const bool condition = *op == ScalarOp::select && i == 0;
      operands.push_back(parse_expression(condition ? Expected(ElementType::boolean) : next));
      if (!condition) next = operands.back()->type;
    }
    Expression result;
    if (*op == ScalarOp::cast) {
      expect(",", "',' and the type to convert to");
      result = node(ScalarOp::cast, parse_element_type(), std::move(operands));
    } else {
      result = make(*op, std::move(operands));
    }
    expect(")");
    return result;
  }

  Expression parse_argument_placeholder() {
    const int64_t position = parse_natural("the position of the argument");
    expect(",");
    const ElementType type = parse_element_type();
    expect(")");
    return node(ScalarOp::argument, type, {}, position);
  }

  Function* function_ = nullptr;
  std::map<std::string, Name> names_;
  std::vector<std::string> scope_;
  int depth_ = 0;
};

}  // namespace

Program parse_program(std::string_view text, std::string file) {
  return ProgramParser(text, std::move(file)).run();
}

}  // namespace gradus::loop
