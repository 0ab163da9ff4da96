#include "frontend/language/parser.h"

#include <fmt/format.h>

#include "frontend/language/habits.h"

namespace gradus::language {

Parser::Parser(std::string_view text, std::string file, std::vector<Diagnostic>& diagnostics)
    : file_(std::move(file)), diagnostics_(diagnostics), tokens_(lex(text, file_, diagnostics)) {}

Parser::Depth::Depth(Parser& parser) : parser_(parser) {
  // The limit is checked before the destructor is due, so the count is taken back here.
  if (++parser_.depth_ <= nesting_limit) return;
  --parser_.depth_;
  parser_.fail_deep(fmt::format("nested more than {} deep", nesting_limit), parser_.here(),
                    "give a part of it a name of its own");
}

Parser::Brackets::Brackets(Parser& parser, bool inside)
    : parser_(parser), saved_(parser.inside_brackets_, parser.as_allowed_) {
  parser_.inside_brackets_ = inside;
  parser_.as_allowed_ = true;
}

// --- tokens ----------------------------------------------------------------------------------------------

const Token& Parser::token(size_t ahead) const {
  return tokens_.tokens[std::min(position_ + ahead, tokens_.tokens.size() - 1)];
}

const Token& Parser::previous() const { return tokens_.tokens[position_ == 0 ? 0 : position_ - 1]; }

bool Parser::broken(size_t ahead) const {
  const Token& t = token(ahead);
  if (t.kind == Token::Kind::end) return true;
  return t.line_break && !inside_brackets_ && (ahead > 0 || position_ != acknowledged_);
}

bool Parser::ended() const { return broken() || token().is(";") || token().is("}"); }

bool Parser::at(std::string_view word) const { return token().is(word) && !broken(); }

bool Parser::at_any(std::initializer_list<std::string_view> words) const {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return at(word); });
}

bool Parser::at_name() const { return token().kind == Token::Kind::name && !broken(); }

bool Parser::next_is_name_or_string() const {
  const Token::Kind kind = token(1).kind;
  return (kind == Token::Kind::name || kind == Token::Kind::string) && !broken(1);
}

const Token& Parser::advance() {
  const Token& t = token();
  if (t.kind != Token::Kind::end) ++position_;
  return t;
}

bool Parser::accept(std::string_view word) {
  if (!at(word)) return false;
  advance();
  return true;
}

const Token& Parser::expect(std::string_view word, std::string_view where) {
  if (!at(word)) fail_expected(fmt::format("`{}` {}", word, where));
  return advance();
}

Identifier Parser::name(std::string_view what) {
  if (!at_name()) {
    const bool reserved = token().kind == Token::Kind::keyword && !broken();
    fail_expected(what, reserved ? fmt::format("`{}` is a reserved word; choose another name", token().text)
                                 : std::string());
  }
  const Token& t = advance();
  return {std::string(t.text), span(t)};
}

SourceSpan Parser::span(const Token& t) const { return {file_, t.line, t.column, t.end_column()}; }

bool Parser::nothing_follows() const {
  const Token& t = token();
  return broken() || (t.first_on_line && !inside_brackets_ && position_ != acknowledged_ &&
                      (t.is("}") || t.kind == Token::Kind::keyword));
}

// At the end of a line the place is just behind what was read, not on the next one.
SourceSpan Parser::here() const {
  if (position_ > 0 && (nothing_follows() || token().kind == Token::Kind::end)) {
    const Token& before = previous();
    return {file_, before.line, before.end_column(), before.end_column() + 1};
  }
  return span(token());
}

// --- errors ----------------------------------------------------------------------------------------------

void Parser::record(Diagnostic diagnostic) {
  diagnostics_.push_back(std::move(diagnostic));
  if (++errors_ >= error_limit) throw GiveUp{};
}

void Parser::fail(std::string message, SourceSpan place, std::string hint,
                  std::vector<Diagnostic::Note> notes) {
  if (token().kind != Token::Kind::bad)
    record({Severity::error, std::move(message), std::move(place), std::move(notes), std::move(hint)});
  throw Failure{};
}

void Parser::fail_deep(std::string message, SourceSpan place, std::string hint) {
  record({Severity::error, std::move(message), std::move(place), {}, std::move(hint)});
  throw GiveUp{};
}

std::string Parser::found() const {
  const Token& t = token();
  if (t.kind == Token::Kind::end) return "the end of the file";
  if (nothing_follows()) return "the end of the line";
  if (t.kind == Token::Kind::string) return "a string";
  if (t.kind == Token::Kind::number) return fmt::format("the number {}", shortened(t.text));
  return fmt::format("`{}`", shortened(t.text));
}

// What the current tokens look like to someone who comes from another language.
std::string Parser::hint_here() const {
  const Token& t = token();
  const Token& before = previous();
  size_t line_start = position_;
  while (line_start > 0 && !tokens_.tokens[line_start].first_on_line) --line_start;
  if (tokens_.tokens[line_start].is("//")) return "a comment begins with #";
  if (broken()) return {};
  const bool adjacent = position_ > 0 && !t.space_before;
  if (t.is("*") && before.is("/") && adjacent) return "a comment begins with #";
  if (t.is("*") && before.is("*") && adjacent) return "a power is written x ^ 2";
  if (t.is("=") && position_ > 0 && adjacent) {
    if (before.text == "==" || before.text == "!=") return fmt::format("write `{}`", before.text);
    constexpr std::string_view arithmetic = "+-*/%@^";
    if (before.text.size() == 1 && arithmetic.find(before.text) != std::string_view::npos)
      return fmt::format("write `x = x {} …`", before.text);
    if (before.is(":")) return "write `name = value`";
  }
  if (t.is(">") && adjacent && before.is("=")) return "`=` defines, `->` names results, `>=` compares";
  if (t.is(">") && adjacent && before.is("<")) return "write `!=`";
  if (t.is("<") && adjacent && before.is("=")) return "write `<=`";
  if (t.is_word()) {
    if (std::string hint = habit_of_statement(t.text); !hint.empty()) return hint;
    if (std::string hint = habit_of_expression(t.text); !hint.empty()) return hint;
  }
  if (before.kind == Token::Kind::name) return habit_of_expression(before.text);
  return {};
}

void Parser::fail_expected(std::string_view expected, std::string hint) {
  if (std::string habit = hint_here(); !habit.empty()) hint = std::move(habit);
  fail(fmt::format("expected {}, found {}", expected, found()), here(), std::move(hint));
}

// The closing bracket of the one at `opening`; if it is missing altogether, that is the better message.
const Token& Parser::expect_close(std::string_view closing, size_t opening, std::string_view what) {
  if (at(closing)) return advance();
  const Token& open = tokens_.tokens[opening];
  if (open.match == Token::no_match &&
      (token().first_on_line || token().kind == Token::Kind::end || token().is("}")))
    fail(fmt::format("`{}` is never closed", open.text), span(open), fmt::format("`{}` is missing", closing),
         {{fmt::format("expected `{}` or `,`, found {}", closing, found()), here()}});
  fail_expected(fmt::format("`,` or `{}` {}", closing, what));
}

// Moves behind the statement that began at token `first`. Blocks in the skipped part are read for their own
// errors, unless the braces are those of a conditional expression.
void Parser::recover(size_t first, bool has_block) {
  // Brackets that the statement opened before the error and that are closed somewhere belong to it.
  for (size_t i = first; i < position_; ++i) {
    const Token& t = tokens_.tokens[i];
    if ((t.is("(") || t.is("[") || (t.is("{") && !has_block)) && t.match != Token::no_match &&
        t.match >= position_)
      position_ = t.match + 1;
  }
  for (;; ++position_) {
    const Token& t = token();
    const bool begins_statement = t.line_break && position_ > first;
    if (t.kind == Token::Kind::end || begins_statement || t.is(";") || t.is("}")) return;
    if (t.is("{") && has_block) {
      Block ignored;
      acknowledged_ = ++position_;
      statements(ignored);
      if (!token().is("}")) return;
    } else if ((t.is("(") || t.is("[") || t.is("{")) && t.match != Token::no_match) {
      position_ = t.match;
    }
  }
}

// --- entry points ----------------------------------------------------------------------------------------

ExpressionPointer Parser::single_expression() {
  try {
    ExpressionPointer result = expression();
    if (token().kind != Token::Kind::end) fail_expected("the end of the expression");
    return result;
  } catch (const Failure&) {
  } catch (const GiveUp&) {
  }
  return nullptr;
}

namespace {

void sort_by_place(std::vector<Diagnostic>& diagnostics, size_t first) {
  std::stable_sort(diagnostics.begin() + static_cast<std::ptrdiff_t>(first), diagnostics.end(),
                   [](const Diagnostic& a, const Diagnostic& b) {
                     return std::pair(a.span.line, a.span.column) < std::pair(b.span.line, b.span.column);
                   });
}

}  // namespace

File parse(std::string_view text, std::string file, std::vector<Diagnostic>& diagnostics) {
  const size_t first = diagnostics.size();
  File result = Parser(text, std::move(file), diagnostics).file();
  sort_by_place(diagnostics, first);
  return result;
}

ExpressionPointer parse_expression(std::string_view text, std::string file,
                                   std::vector<Diagnostic>& diagnostics) {
  const size_t first = diagnostics.size();
  ExpressionPointer result = Parser(text, std::move(file), diagnostics).single_expression();
  if (diagnostics.size() > first) result = nullptr;
  return result;
}

File parse_or_fail(std::string_view text, std::string file) {
  std::vector<Diagnostic> diagnostics;
  File result = parse(text, std::move(file), diagnostics);
  if (!diagnostics.empty()) throw Error(ErrorKind::program, std::move(diagnostics));
  return result;
}

}  // namespace gradus::language
