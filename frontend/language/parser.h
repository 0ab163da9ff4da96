// The recursive-descent parser; internal to parse.h. One token of look-ahead, two after a leading name and in
// arguments. The methods follow LANGUAGE.md's grammar rules by name; they are spread over parser.cpp (tokens,
// errors, recovery), parse_item.cpp, parse_statement.cpp and parse_expression.cpp.
#pragma once

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "frontend/language/lexer.h"
#include "frontend/language/parse.h"
#include "frontend/language/syntax.h"

namespace gradus::language {

class Parser {
 public:
  Parser(std::string_view text, std::string file, std::vector<Diagnostic>& diagnostics);

  File file();
  ExpressionPointer single_expression();

 private:
  struct Failure {};  // one statement is lost; its diagnostic is recorded
  struct GiveUp {};   // the rest of the file is lost: nested too deeply, too many errors

  // Counts the nesting of whatever can contain itself.
  class Depth {
   public:
    explicit Depth(Parser& parser);
    ~Depth() { --parser_.depth_; }
    Depth(const Depth&) = delete;
    Depth& operator=(const Depth&) = delete;

   private:
    Parser& parser_;
  };
  // Inside ( and [ newlines mean nothing; inside { they do again.
  class Brackets {
   public:
    Brackets(Parser& parser, bool inside);
    ~Brackets() { std::tie(parser_.inside_brackets_, parser_.as_allowed_) = saved_; }
    Brackets(const Brackets&) = delete;
    Brackets& operator=(const Brackets&) = delete;

   private:
    Parser& parser_;
    std::pair<bool, bool> saved_;
  };

  // --- tokens
  const Token& token(size_t ahead = 0) const;
  const Token& previous() const;
  bool ended() const;                   // the statement, by a newline, ";", "}" or the file's end
  bool broken(size_t ahead = 0) const;  // a newline that ends a statement stands before the token
  bool at(std::string_view word) const;
  bool at_any(std::initializer_list<std::string_view> words) const;
  bool at_name() const;  // also "_"
  bool next_is_name_or_string() const;
  bool accept(std::string_view word);
  const Token& advance();
  const Token& expect(std::string_view word, std::string_view where);
  Identifier name(std::string_view what);
  SourceSpan span(const Token& token) const;
  SourceSpan here() const;

  // --- errors
  [[noreturn]] void fail(std::string message, SourceSpan place, std::string hint = {},
                         std::vector<Diagnostic::Note> notes = {});
  [[noreturn]] void fail_expected(std::string_view expected, std::string hint = {});
  [[noreturn]] void fail_deep(std::string message, SourceSpan place, std::string hint);
  void record(Diagnostic diagnostic);
  std::string found() const;     // the current token in words
  bool nothing_follows() const;  // on this line, although the statement is not complete
  std::string hint_here() const;
  const Token& expect_close(std::string_view closing, size_t opening, std::string_view what);
  void recover(size_t first, bool has_block);
  template <class Read>
  void guarded(size_t first, bool has_block, Read read);

  // --- items
  void item(File& file);
  Item read_item();
  bool at_definition_word() const;
  Import import();
  Definition definition(Definition::Kind kind);
  Train train();
  Program program();
  Parameter parameter();
  std::vector<Parameter> parameters();
  Result result();
  TypePattern type();
  std::vector<ExpressionPointer> shape();
  std::string documentation(uint32_t line) const;

  // --- statements
  Block block(std::string_view what);
  void statements(Block& block);
  [[noreturn]] void fail_unclosed(size_t opening);
  void end_of_statement();
  Statement statement();
  Statement::Kind keyword_statement(std::string_view word);
  Statement::Kind soft_statement(std::string_view word);
  Statement::Kind name_statement();
  bool at_soft_keyword() const;
  bool starts_with_block_word() const;
  If if_statement();
  For for_statement();
  Scan scan_statement();
  Data data();
  Load load();
  Minimize minimize();
  Every every();
  Expect expectation();
  std::vector<Identifier> targets(std::string_view what);
  Path path();
  Path::Step subscript(Path& path);
  std::vector<Path> paths();

  // --- expressions
  ExpressionPointer expression();
  ExpressionPointer logical(BinaryOperator op);
  ExpressionPointer negation();
  ExpressionPointer comparison();
  ExpressionPointer sum();
  ExpressionPointer product();
  ExpressionPointer unary();
  ExpressionPointer postfix();
  ExpressionPointer primary();
  ExpressionPointer number();
  ExpressionPointer list();
  ExpressionPointer conditional();
  ExpressionPointer braced_expression(std::string_view what);
  ExpressionPointer call(ExpressionPointer callee);
  ExpressionPointer index_of(ExpressionPointer base);
  ExpressionPointer member(ExpressionPointer base);
  Arguments arguments();
  Argument argument(bool named_before);
  Range range();  // the grammar's `span`
  Range index();
  Range subscript_end(Range range);
  template <class Node>
  ExpressionPointer make(Node node, SourceSpan place, std::initializer_list<uint32_t> heights = {});
  ExpressionPointer binary(BinaryOperator op, ExpressionPointer left, const Token& op_token,
                           ExpressionPointer right);

  std::string file_;
  std::vector<Diagnostic>& diagnostics_;
  Tokens tokens_;
  size_t position_ = 0;
  size_t acknowledged_ = 0;  // a break before this token has been used: it begins a statement
  size_t errors_ = 0;
  size_t unclosed_at_ = 0;
  uint32_t depth_ = 0;
  bool inside_brackets_ = false;
  bool as_allowed_ = true;  // `for i in 0..n as path`: the `as` is the loop's
};

template <class Node>
ExpressionPointer Parser::make(Node node, SourceSpan place, std::initializer_list<uint32_t> heights) {
  const uint32_t height = heights.size() == 0 ? 1 : 1 + std::max(heights);
  if (height > tree_limit)
    fail_deep("an expression of more than 1000 operations in a row", place,
              "give a part of it a name of its own");
  return std::make_unique<Expression>(Expression{std::move(node), std::move(place), height});
}

// Reads something; after an error the parser stands behind it.
template <class Read>
void Parser::guarded(size_t first, bool has_block, Read read) {
  const uint32_t depth = depth_;
  try {
    read();
  } catch (const Failure&) {
    depth_ = depth;
    inside_brackets_ = false;
    as_allowed_ = true;
    recover(first, has_block);
  }
}

}  // namespace gradus::language
