// The syntax tree of the language: what a `.gradus` text says, nothing resolved yet. LANGUAGE.md's grammar,
// one struct per rule. Every node has the place to point at in a message: a call's callee, an operator, a
// member's name, otherwise the first token. All places are on one line.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ir/error.h"

namespace gradus::language {

struct Expression;
using ExpressionPointer = std::unique_ptr<Expression>;  // null where the grammar says "optional"

// A name where it is defined or bound.
struct Identifier {
  std::string text;
  SourceSpan span;
};

// `first`, `first..last`, `first..last by step`. In an index each part may be missing: `..`, `1..`, `..-1`.
struct Range {
  ExpressionPointer first;
  ExpressionPointer last;
  ExpressionPointer step;
  bool is_range = false;  // false: a plain expression in `first`
  SourceSpan span;
};

struct Argument {
  std::optional<Identifier> name;  // `over: -1`
  Range value;
};
// A call's arguments, positional first.
using Arguments = std::vector<Argument>;

// blocks[0].w, backbone.*
struct Path {
  struct Member {
    Identifier name;
  };
  struct Everything {};  // `.*`
  struct Subscript {
    Range index;
  };
  using Step = std::variant<Member, Everything, Subscript>;

  Identifier root;
  std::vector<Step> steps;
  SourceSpan span;
};

// --- Expressions -----------------------------------------------------------------------------------------

enum class UnaryOperator { negate, logical_not };
enum class BinaryOperator {
  logical_or,
  logical_and,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  floor_divide,
  remainder,
  matrix_multiply,
  power,
};

struct Number {
  std::string text;  // as written without "_": `expect … about` compares to its digits
  double value = 0;
  std::optional<int64_t> integer;  // set if written without point and exponent
};
struct String {
  std::string value;  // escapes resolved
};
struct Name {
  std::string text;
};
struct Boolean {
  bool value = false;
};
struct None {};
struct Placeholder {};  // `_`
struct Ellipsis {};     // `...`
struct List {
  std::vector<ExpressionPointer> elements;
};
struct Parentheses {  // kept: `(…) as name` opens a scope
  ExpressionPointer inner;
};
struct Interval {  // (0..n): a range where a value is wanted
  Range range;
};
struct Unary {
  UnaryOperator op = UnaryOperator::negate;
  ExpressionPointer operand;
};
struct Binary {
  BinaryOperator op = BinaryOperator::add;
  ExpressionPointer left;
  ExpressionPointer right;
};
struct Pipe {  // value |> target
  ExpressionPointer value;
  ExpressionPointer target;
};
struct Conditional {  // if condition { then } else { otherwise }
  ExpressionPointer condition;
  ExpressionPointer then;
  ExpressionPointer otherwise;
};
struct Call {
  ExpressionPointer callee;
  Arguments arguments;
};
struct Index {
  ExpressionPointer base;
  std::vector<Range> indices;
};
struct Member {
  ExpressionPointer base;
  Identifier name;
};
struct Everything {  // base.*
  ExpressionPointer base;
};
struct Named {  // value as path
  ExpressionPointer value;
  Path path;
};

struct Expression {
  using Kind =
      std::variant<Number, String, Name, Boolean, None, Placeholder, Ellipsis, List, Parentheses, Interval,
                   Unary, Binary, Pipe, Conditional, Call, Index, Member, Everything, Named>;
  Kind kind;
  SourceSpan span;
  uint32_t height = 1;  // of the subtree; the parser keeps it below `tree_limit`

  template <class Node>
  const Node* as() const {
    return std::get_if<Node>(&kind);
  }
};

// --- Types of parameters ---------------------------------------------------------------------------------

// [batch, ...], i32[n], int, same | valid
struct TypePattern {
  std::string name;  // empty for a bare shape
  std::vector<std::string>
      alternatives;  // the names of `a | b | c`, `name` first; empty if there is one only
  std::optional<std::vector<ExpressionPointer>> shape;  // axes: Ellipsis, Placeholder or a sum
  SourceSpan span;
};

struct Parameter {
  Identifier name;
  std::optional<TypePattern> type;
  ExpressionPointer default_value;

  bool is_input() const { return type && type->shape; }  // otherwise a setting
};

struct Result {
  Identifier name;
  std::optional<TypePattern> type;
};

// --- Statements ------------------------------------------------------------------------------------------

struct Statement;
struct Block {
  std::vector<Statement> statements;
  SourceSpan span;  // of "{"
};

struct Assignment {
  std::vector<Identifier> targets;  // "_" discards
  ExpressionPointer value;
};
struct Action {  // split(folds: 5)
  Identifier name;
  Arguments arguments;
};
struct If {
  ExpressionPointer condition;
  Block then;
  std::optional<Block> otherwise;  // `else if` is a block with one `If`
};
struct For {
  std::vector<Identifier> names;  // one or two
  Range sequence;
  std::optional<Path> scope;  // as path
  Block body;
};
struct Scan {
  struct Sequence {
    Identifier name;
    Range source;
  };
  struct Carry {
    Identifier name;
    ExpressionPointer initial;
  };
  std::vector<Sequence> sequences;
  ExpressionPointer along;
  ExpressionPointer step;  // by
  std::vector<Carry> carries;
  Block body;
};
struct Use {
  Path path;
  ExpressionPointer value;
};
struct Update {
  Path path;
  ExpressionPointer value;
};
struct Collect {
  Identifier name;
  ExpressionPointer value;
};
struct Input {
  Identifier name;
  ExpressionPointer value;
};
struct Metric {
  Identifier name;
  ExpressionPointer value;  // null: the value of that name
};
struct Data {
  ExpressionPointer source;
  std::vector<Identifier> names;  // "_" discards
};
struct Load {
  std::variant<std::string, Path> source;
  Path target;
};
struct Minimize {
  ExpressionPointer loss;
  std::vector<Path> over;  // empty: everything that the loss depends on
  ExpressionPointer optimizer;
};
struct EvaluateAt {
  ExpressionPointer point;
};
struct Penalty {
  ExpressionPointer value;
};
struct When {
  ExpressionPointer condition;
  Block body;
};
struct Every {
  ExpressionPointer steps;  // null: every epoch
  Block body;
};
struct Finally {
  Block body;
};
struct Expect {
  ExpressionPointer condition;
  ExpressionPointer about;
  ExpressionPointer within;
};
struct Print {
  std::vector<ExpressionPointer> values;
};

struct Statement {
  using Kind = std::variant<Assignment, Action, If, For, Scan, Use, Update, Collect, Input, Metric, Data,
                            Load, Minimize, EvaluateAt, Penalty, When, Every, Finally, Expect, Print>;
  Kind kind;
  SourceSpan span;  // first token

  template <class Node>
  const Node* as() const {
    return std::get_if<Node>(&kind);
  }
};

// --- Files -----------------------------------------------------------------------------------------------

struct Import {
  std::string file;
};
struct Constant {
  Identifier name;
  ExpressionPointer value;
};
struct Definition {
  enum class Kind { layer, model, function, optimizer };
  Kind kind = Kind::function;
  Identifier name;
  std::vector<Parameter> parameters;
  ExpressionPointer expression;  // `= expression`; otherwise results and body
  std::vector<Result> results;   // none for an optimizer
  Block body;
};
struct Train {
  Identifier name;
  std::optional<Identifier> of;
  Arguments arguments;  // settings of the model
  Block body;
};
struct Program {
  Identifier name;
  Block body;
};

struct Item {
  using Kind = std::variant<Import, Constant, Definition, Train, Program>;
  Kind kind;
  SourceSpan span;            // first token
  std::string documentation;  // the comment block directly above, without "#"

  template <class Node>
  const Node* as() const {
    return std::get_if<Node>(&kind);
  }
};

struct File {
  std::string name;
  std::vector<Item> items;
};

}  // namespace gradus::language
