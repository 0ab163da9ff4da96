// The parser of loop text, split by what it reads: parse.cpp programs, functions and statements,
// parse_expression.cpp expressions.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ir/loop/program.h"
#include "ir/text/token_reader.h"

namespace gradus::loop {

using text::describe;
using text::Nested;
using text::SyntaxError;
using text::Token;
using text::TokenKind;

constexpr int deepest_nesting = 200;

class ProgramParser : private text::TokenReader {
 public:
  using Expected = std::optional<ElementType>;

  using TokenReader::TokenReader;
  Program run();

 private:
  struct Name {
    bool is_buffer = false;
    int64_t id = 0;
    ElementType type = ElementType::i64;
  };
  void parse_program(Program& program);
  TextSpan text_span(const Token& token) const {
    return {token.line, token.column, token.column + std::max(token.length, 1u)};
  }
  Argument parse_argument();
  std::string parse_name();
  void parse_function(Function& function);
  void parse_parameters();
  // %name: f32[2,3] strides [3,1]; returns its id.
  int64_t parse_buffer(BufferRole role);
  void bind(const Token& token, const std::string& name, Name meaning);
  int64_t bind_variable(const Token& token, ElementType type, bool fresh = false);
  void leave(size_t visible);
  Block parse_block();
  // Goes to the next line of this block.
  void recover(size_t start);
  void parse_statement(Block& block);
  void parse_one_statement(Block& block);
  For parse_for();
  Let parse_let();
  Declare parse_declare();
  void parse_workspace();
  void parse_constant();
  If parse_if();
  Call parse_call();
  View parse_view();
  Store parse_store();
  Name find(const Token& token, bool is_buffer);
  std::vector<Expression> parse_indices();
  Expression parse_typed(ElementType type);
  Expression node(ScalarOp op, ElementType type, std::vector<Expression> operands, int64_t integer = 0);
  std::optional<ScalarOp> infix_at(int level) const;
  // level 1 comparisons, 2 sums, 3 products.
  Expression parse_expression(Expected expected, int level = 1);
  Expression parse_unary(Expected expected);
  static bool is_literal(const Token& token);
  Expression parse_literal(Expected expected, bool exact);
  Expression parse_primary(Expected expected);
  Expression parse_typed_literal(ElementType type);
  Expression parse_reference();
  Expression parse_call_of(const Token& token, Expected expected);
  Expression parse_argument_placeholder();

  Function* function_ = nullptr;
  std::map<std::string, Name> names_;
  std::vector<std::string> scope_;
  Origins origins_;  // of the loop or branch that was read last
  int depth_ = 0;
};

}  // namespace gradus::loop
