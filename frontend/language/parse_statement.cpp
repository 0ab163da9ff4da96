#include <fmt/format.h>

#include "frontend/language/habits.h"
#include "frontend/language/parser.h"
#include "frontend/language/words.h"

namespace gradus::language {

Block Parser::block(std::string_view what) {
  const size_t opening = position_;
  const Depth depth(*this);
  Block result;
  result.span = span(token());
  if (!at("{"))
    fail_expected(fmt::format("`{{` and {}", what), at(":")   ? "blocks stand in braces: { … }"
                                                    : at("=") ? "a comparison is written `==`"
                                                              : std::string());
  advance();
  const Brackets brackets(*this, false);
  statements(result);
  if (!token().is("}")) fail_unclosed(opening);
  advance();
  return result;
}

// The enclosing blocks end at the same place; the innermost speaks for all.
void Parser::fail_unclosed(size_t opening) {
  if (unclosed_at_ == position_) throw Failure{};
  unclosed_at_ = position_;
  const bool definition = token().kind != Token::Kind::end;
  fail("`{` is never closed", span(tokens_.tokens[opening]),
       definition ? "`}` is missing; definitions stand outside of braces" : "`}` is missing",
       {{fmt::format("expected `}}`, found {}", found()), here()}});
}

// { statement END }, up to "}", a definition or the end of the file.
void Parser::statements(Block& block) {
  while (token().kind != Token::Kind::end && !token().is("}")) {
    acknowledged_ = position_;
    if (accept(";")) continue;
    if (at_definition_word() && token().column == 1) return;  // `}` has been forgotten
    const size_t first = position_;
    guarded(first, starts_with_block_word() || at_definition_word(), [&] {
      if (at_definition_word())
        fail_expected("a statement",
                      token().text == "import"
                          ? "the standard library is always there; other files are imported outside of braces"
                          : "definitions stand outside of braces");
      Statement read = statement();
      end_of_statement();
      block.statements.push_back(std::move(read));
    });
    // A stray closing bracket must not stop the parser from moving on.
    if (position_ == first) ++position_;
  }
}

void Parser::end_of_statement() {
  if (ended()) return;
  std::string hint;
  if (at(",")) hint = "results of several values: `a, b = f(x)`; statements are separated by newlines or `;`";
  if (at_any({")", "]"})) hint = fmt::format("there is no open bracket that `{}` closes", token().text);
  if (at("=")) hint = "a comparison is written `==`";
  if (at("..")) hint = "a range as a value stands in parentheses: (0..n)";
  if (at("if")) hint = "where a value is wanted: if condition { a } else { b }";
  if (token().is("with"))
    hint = "`with` names an optimizer: minimize loss with adam(1e-3); " + habit_of_unknown_name("no_grad");
  if (at_any({"+", "-", "*", "/", "@", "==", "and", "or"}))
    hint = "after `|>` stands one call; put the pipe into ( ) to calculate with its value";
  fail_expected("the end of the statement", std::move(hint));
}

bool Parser::starts_with_block_word() const {
  return at_any({"if", "for", "scan", "when", "every", "finally"}) ||
         (at_name() && (token().text == "while" || token().text == "def" || token().text == "class"));
}

bool Parser::at_soft_keyword() const {
  return at_name() && next_is_name_or_string() && find_keyword(statement_words(), token().text);
}

Statement Parser::statement() {
  const Depth depth(*this);
  Statement result;
  result.span = span(token());
  if (at_soft_keyword()) {
    result.kind = soft_statement(advance().text);
  } else if (at_name()) {
    result.kind = name_statement();
  } else if (token().kind == Token::Kind::keyword) {
    result.kind = keyword_statement(token().text);
  } else {
    fail_expected("a statement",
                  at_any({"(", "["}) ? "a value must be bound to a name: `y = …`" : std::string());
  }
  return result;
}

Statement::Kind Parser::soft_statement(std::string_view word) {
  if (word == "use" || word == "update") {
    Path target = path();
    expect("=", fmt::format("after `{} {}`", word, target.root.text));
    if (word == "use") return Use{std::move(target), expression()};
    return Update{std::move(target), expression()};
  }
  if (word == "data") return data();
  if (word == "load") return load();
  if (word == "evaluate") {
    if (!at_name() || token().text != "at") fail_expected("`at` after `evaluate`");
    advance();
    return EvaluateAt{expression()};
  }
  Identifier target = name(fmt::format("a name after `{}`", word));
  if (word == "metric") {
    ExpressionPointer value = accept("=") ? expression() : nullptr;
    return Metric{std::move(target), std::move(value)};
  }
  expect("=", fmt::format("after `{} {}`", word, target.text));
  if (word == "collect") return Collect{std::move(target), expression()};
  return Input{std::move(target), expression()};
}

Statement::Kind Parser::name_statement() {
  const bool assigned = (token(1).is("=") || token(1).is(",")) && !broken(1);
  if (std::string hint = habit_of_statement(token().text); !hint.empty() && !assigned)
    fail(fmt::format("expected a statement, found `{}`", token().text), here(), std::move(hint));
  if (token(1).is("(") && !broken(1)) {
    Action action;
    action.name = name("a name");
    action.arguments = arguments();
    if (!ended() && at_any({"|>", "+", "-", "*", "/", "@", "[", ".", "as", "^", "==", "%", "//"}))
      fail(fmt::format("expected the end of the statement, found {}", found()), here(),
           "a value must be bound to a name: `y = …`");
    return action;
  }
  const std::string first(token().text);
  Assignment result;
  result.targets = targets("a name");
  if (!at("=")) {
    std::string hint;
    if (at(".")) hint = habit_of_method(token(1).text);
    if (hint.empty() && at_any({"[", "."}))
      hint =
          "values do not change in place: build a new one with `where` or `concat`; parameters and state "
          "change "
          "with `update name = …`";
    if (hint.empty() && at("==")) hint = "`=` assigns, `==` compares, `expect a == b` checks";
    if (hint.empty() && (at(":") || (at_name() && token(1).is("="))))
      hint = "a variable has no declared type: `name = value`";
    if (hint.empty() && at("->")) hint = "only `data` and definitions have `->`";
    if (hint.empty() && at_any({"+", "-", "*", "/", "@", "%"}) && token(1).is("="))
      hint = fmt::format("write `{} = {} {} …`", first, first, token().text);
    if (hint.empty() && at("+") && token(1).is("+")) hint = fmt::format("write `{} = {} + 1`", first, first);
    if (hint.empty() && at_any({"|>", "+", "-", "*", "/", "@", "^", "as"}))
      hint = "a value must be bound to a name: `y = …`";
    if (hint.empty() && result.targets.size() == 1 && at_name()) hint = habit_of_expression(first);
    fail_expected(fmt::format("`=` after `{}`", result.targets.back().text), std::move(hint));
  }
  advance();
  result.value = expression();
  return result;
}

Statement::Kind Parser::keyword_statement(std::string_view word) {
  if (word == "if") return if_statement();
  if (word == "for") return for_statement();
  if (word == "scan") return scan_statement();
  if (word == "minimize") return minimize();
  if (word == "every") return every();
  if (word == "expect") return expectation();
  if (word == "penalty") {
    advance();
    return Penalty{expression()};
  }
  if (word == "when") {
    advance();
    When result;
    result.condition = expression();
    result.body = block("what happens then");
    return result;
  }
  if (word == "finally") {
    advance();
    return Finally{block("what happens at the end")};
  }
  if (word == "print") {
    advance();
    Print result;
    do result.values.push_back(expression());
    while (accept(","));
    return result;
  }
  fail_expected("a statement", word == "else" ? "`else` stands after the `}` of its `if`"
                                              : fmt::format("`{}` is a reserved word", word));
}

If Parser::if_statement() {
  const Depth depth(*this);
  expect("if", "");
  If result;
  result.condition = expression();
  result.then = block("what holds then");
  if (!accept("else")) return result;
  if (!at("if")) {
    result.otherwise = block("what holds otherwise");
    return result;
  }
  Block chained;
  Statement inner;
  chained.span = inner.span = span(token());
  inner.kind = if_statement();
  chained.statements.push_back(std::move(inner));
  result.otherwise = std::move(chained);
  return result;
}

For Parser::for_statement() {
  expect("for", "");
  For result;
  if (at("(")) fail_expected("a name after `for`", "write `for i in 0..n { … }`");
  result.names = targets("a name after `for`");
  if (result.names.size() > 2) fail("`for` has one name or two", result.names[2].span);
  if (!at("in")) fail_expected("`in`", at("=") ? "write `for i in 0..n { … }`" : std::string());
  advance();
  as_allowed_ = false;
  result.sequence = range();
  as_allowed_ = true;
  if (accept("as")) result.scope = path();
  result.body = block("the loop's body");
  return result;
}

Scan Parser::scan_statement() {
  expect("scan", "");
  Scan result;
  do {
    Identifier element = name("a name after `scan`");
    expect("in", "and the sequence");
    result.sequences.push_back({std::move(element), range()});
  } while (accept(","));
  if (accept("along")) {
    result.along = expression();
    if (accept("by")) result.step = sum();
  }
  if (accept("with")) {
    do {
      Identifier carry = name("the name of a carried value");
      expect("=", "and its first value");
      result.carries.push_back({std::move(carry), expression()});
    } while (accept(","));
  }
  result.body = block("the loop's body");
  return result;
}

Data Parser::data() {
  Data result;
  result.source = expression();
  expect("->", "and the names of the columns");
  result.names = targets("the name of a column");
  return result;
}

Load Parser::load() {
  Load result;
  if (token().kind == Token::Kind::string) {
    result.source = advance().value;
  } else {
    result.source = path();
  }
  expect("into", "and the parameters to fill");
  result.target = path();
  return result;
}

Minimize Parser::minimize() {
  expect("minimize", "");
  Minimize result;
  result.loss = expression();
  if (accept("over")) result.over = paths();
  if (!at("with")) fail_expected("`with` and an optimizer", "for example `minimize loss with adam(1e-3)`");
  advance();
  result.optimizer = expression();
  return result;
}

Every Parser::every() {
  expect("every", "");
  Every result;
  if (at_name() && token().text == "epoch") {
    advance();
  } else {
    result.steps = sum();
    if (!at_name() || token().text != "steps")
      fail_expected("`steps`", "write `every epoch { … }` or `every 100 steps { … }`");
    advance();
  }
  result.body = block("what happens then");
  return result;
}

Expect Parser::expectation() {
  expect("expect", "");
  Expect result;
  result.condition = expression();
  if (at("=")) fail_expected("the end of the statement", "a comparison is written `==`");
  if (accept("about")) result.about = expression();
  if (accept("within")) result.within = expression();
  return result;
}

std::vector<Identifier> Parser::targets(std::string_view what) {
  std::vector<Identifier> result;
  do result.push_back(name(what));
  while (accept(","));
  return result;
}

std::vector<Path> Parser::paths() {
  std::vector<Path> result;
  do result.push_back(path());
  while (accept(","));
  return result;
}

// NAME { "." NAME | ".*" | "[" index "]" }
Path Parser::path() {
  Path result;
  result.root = name("a name");
  result.span = result.root.span;
  for (;;) {
    if (accept(".")) {
      result.steps.push_back(Path::Member{name("a name after `.`")});
    } else if (accept(".*")) {
      result.steps.push_back(Path::Everything{});
    } else if (at("[")) {
      const size_t opening = position_;
      advance();
      const Brackets brackets(*this, true);
      result.steps.push_back(Path::Subscript{index()});
      expect_close("]", opening, "after an index");
    } else {
      return result;
    }
  }
}

}  // namespace gradus::language
