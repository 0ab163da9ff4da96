// The parser of graph text, split by what it reads: parse.cpp the head, inputs, names and results of a graph
// or body, parse_statement.cpp one node.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/builder.h"
#include "ir/op.h"
#include "ir/text/parse.h"
#include "ir/text/token_reader.h"

namespace gradus::text {

// A value that the text has defined. `broken`: its definition had an error, so uses of it are not judged.
struct Definition {
  Value value;
  uint32_t results = 1;
  bool broken = false;
  SourceSpan span;
};

// One graph or body: its own names and numbers.
struct Scope {
  Scope(std::string name, std::shared_ptr<IdSource> ids)
      : builder(std::move(name), BuilderOptions{.memoize = false, .ids = std::move(ids)}) {}

  GraphBuilder builder;
  std::map<std::string, Definition, std::less<>> inputs;
  std::map<uint32_t, Definition> values;
  std::vector<uint32_t> defined_ids;  // all of the scope, sorted
  GraphSpans spans;
  bool broken = false;

  void note_place(Value value, SourceSpan span) {
    spans.nodes.resize(std::max<size_t>(spans.nodes.size(), value.node + 1));
    spans.nodes[value.node] = std::move(span);
  }
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
  std::shared_ptr<const GraphSpans> spans;  // of the body
  std::vector<Type> types;
  bool derivative = false;
  Origins origins;
};

class GraphParser : private TokenReader {
 public:
  using TokenReader::TokenReader;

  ParsedGraph run();

 private:
  ParsedGraph parse_graph();
  // The inputs in parentheses; of a body (`outer` is where its operands live) they are bound to operands.
  std::vector<Declared> parse_inputs(Scope& scope, Scope* outer);
  Declared parse_input(Scope* outer);
  Declared parse_binding(Scope& outer, Declared input);
  static bool is_id(const Token& token);
  static std::string spelled_name(const Token& token);
  uint32_t parse_id(const Token& token);
  void parse_block(Scope& scope, const std::vector<Declared>& inputs, std::string_view last);
  // The ids that the text defines from here on, sorted: of the block that follows, or of its bodies as well.
  std::vector<uint32_t> defined_ids(bool with_bodies) const;
  // Inputs have stable ids as well, which the text does not show; they get the smallest ones that are free.
  void make_inputs(Scope& scope, const std::vector<Declared>& inputs);
  // Goes to the next line of the block that could be a statement; false at the end of the block.
  bool recover(size_t start);
  int brace(size_t p) const;
  // A value that is used; none if its definition is broken. Records an error if there is no definition.
  std::optional<Value> parse_value(Scope& scope);
  const Definition* find(Scope& scope, const Token& token);
  void undefined(Scope& scope, const Token& token, std::string hint);
  void parse_statement(Scope& scope);
  void define(Scope& scope, const Statement& statement, Value value, bool broken);
  void parse_right_side(Scope& scope, Statement& statement);
  [[noreturn]] void unknown_op(const Token& token, const std::string& name);
  // False if the node is not one that shape inference may look at.
  bool check(const Statement& statement, bool has_body);
  void parse_body(Scope& outer, Statement& statement);
  // Types of inputs that the text leaves out because they follow from the operands.
  void infer_inputs(Scope& outer, const Statement& statement, std::vector<Declared>& inputs,
                    const Token& start);
  void add(Scope& scope, const Statement& statement);
  void parse_results(Scope& scope, const std::vector<Declared>& inputs, std::string_view last);
  void parse_result(Scope& scope, std::map<std::string, SourceSpan>& names);
  void parse_update(Scope& scope, const std::vector<Declared>& inputs,
                    std::map<uint32_t, SourceSpan>& updated);
  void parse_status(Scope& scope);

  std::vector<uint32_t> ids_of_text_;
  uint32_t free_id_ = 0;  // for the next input
  int depth_ = 0;
  bool sound_ = true;  // of the statement being read: shape inference may look at it
};

}  // namespace gradus::text
