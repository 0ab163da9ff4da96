#include <fmt/format.h>

#include "frontend/language/habits.h"
#include "frontend/language/parser.h"
#include "frontend/language/words.h"

namespace gradus::language {

File Parser::file() {
  File result;
  result.name = file_;
  try {
    while (token().kind != Token::Kind::end) {
      acknowledged_ = position_;
      if (accept(";")) continue;
      if (token().is("}")) {
        record({Severity::error, "`}` without an opening `{`", span(advance()), {}, {}});
        continue;
      }
      item(result);
    }
  } catch (const GiveUp&) {
  }
  return result;
}

void Parser::item(File& file) {
  const size_t first = position_;
  guarded(first, at_definition_word(), [&] {
    Item read = read_item();
    if (!ended()) fail_expected("the end of the definition");
    file.items.push_back(std::move(read));
  });
}

bool Parser::at_definition_word() const {
  // A reserved word after it is a badly chosen name, and reported as such.
  const bool named = next_is_name_or_string() || (token(1).kind == Token::Kind::keyword && !broken(1));
  return at_name() && named && find_keyword(definition_words(), token().text);
}

Item Parser::read_item() {
  Item result;
  result.span = span(token());
  result.documentation = documentation(token().line);
  if (!at_definition_word()) {
    if (!at_name() || !token(1).is("="))
      fail_expected("a definition (layer, model, function, optimizer, train, program, import, name = value)",
                    token().is_word() && !broken() ? habit_of_statement(token().text) : std::string());
    Identifier constant = name("a name");
    advance();
    result.kind = Constant{std::move(constant), expression()};
    return result;
  }
  const std::string_view word = advance().text;
  if (word == "import") result.kind = import();
  if (word == "layer") result.kind = definition(Definition::Kind::layer);
  if (word == "model") result.kind = definition(Definition::Kind::model);
  if (word == "function") result.kind = definition(Definition::Kind::function);
  if (word == "optimizer") result.kind = definition(Definition::Kind::optimizer);
  if (word == "train") result.kind = train();
  if (word == "program") result.kind = program();
  return result;
}

Import Parser::import() {
  if (token().kind != Token::Kind::string)
    fail_expected("a file name in quotes after `import`",
                  "the standard library is always there; `import \"file.gradus\"` adds a file");
  return {advance().value};
}

Definition Parser::definition(Definition::Kind kind) {
  Definition result;
  result.kind = kind;
  result.name = name("the name of the definition");
  result.parameters = parameters();
  if (kind == Definition::Kind::optimizer) {
    result.body = block("the optimizer's body");
    return result;
  }
  if (accept("=")) {
    result.expression = expression();
    return result;
  }
  if (!at("->"))
    fail_expected("`=` and an expression, or `->` and the results",
                  at("{") || at(":")
                      ? fmt::format("name the result: `{}(…) -> y {{ y = … }}`", result.name.text)
                      : std::string());
  advance();
  do result.results.push_back(this->result());
  while (accept(","));
  result.body = block("the body");
  return result;
}

Train Parser::train() {
  Train result;
  result.name = name("the name of the model to train");
  if (at_name() && token().text == "of") {
    advance();
    result.of = name("the name of the model to train");
  }
  if (at("(")) result.arguments = arguments();
  result.body = block("the training program");
  return result;
}

Program Parser::program() {
  Program result;
  result.name = name("the name of the program");
  if (at("("))
    fail("a program has no parameters", here(), "its values are assignments in its body: `rate = 0.1`");
  result.body = block("the program's body");
  return result;
}

std::vector<Parameter> Parser::parameters() {
  const size_t opening = position_;
  expect("(", "and the parameters");
  const Brackets brackets(*this, true);
  std::vector<Parameter> result;
  while (!at(")")) {
    result.push_back(parameter());
    if (!accept(",")) break;
  }
  expect_close(")", opening, "after a parameter");
  return result;
}

Parameter Parser::parameter() {
  if (token().is("*") || token().is("...")) fail_expected("a parameter", "every parameter is written out");
  Parameter result;
  result.name = name("the name of a parameter");
  if (accept(":")) result.type = type();
  if (accept("=")) result.default_value = expression();
  return result;
}

Result Parser::result() {
  Result result;
  result.name = name("the name of a result");
  if (accept(":")) result.type = type();
  return result;
}

// shape | NAME ( shape | {"|" NAME} )
TypePattern Parser::type() {
  TypePattern result;
  result.span = span(token());
  if (at("[")) {
    result.shape = shape();
    return result;
  }
  result.name = name("a type: [batch, n], i32[n], int, float, function, a | b").text;
  if (at("[")) {
    result.shape = shape();
    return result;
  }
  if (!at("|")) return result;
  result.alternatives.push_back(result.name);
  while (accept("|")) result.alternatives.push_back(name("a word after `|`").text);
  return result;
}

std::vector<ExpressionPointer> Parser::shape() {
  const size_t opening = position_;
  expect("[", "and the axes");
  const Brackets brackets(*this, true);
  std::vector<ExpressionPointer> axes;
  while (!at("]")) {
    axes.push_back(sum());
    if (!accept(",")) break;
  }
  expect_close("]", opening, "after an axis");
  return axes;
}

// The block of comment lines that ends directly above `line`.
std::string Parser::documentation(uint32_t line) const {
  const auto& comments = tokens_.comments;
  const auto end = std::lower_bound(comments.begin(), comments.end(), line,
                                    [](const Comment& c, uint32_t wanted) { return c.line < wanted; });
  auto begin = end;
  while (begin != comments.begin() && (begin - 1)->alone &&
         (begin - 1)->line + 1 == (begin == end ? line : begin->line))
    --begin;
  std::string result;
  for (auto comment = begin; comment != end; ++comment) {
    if (!result.empty()) result += '\n';
    result += comment->text;
  }
  return result;
}

}  // namespace gradus::language
