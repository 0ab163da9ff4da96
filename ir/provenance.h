// Where a value comes from: a line of the model, a derivative rule, or a rewrite. A side table of the graph,
// outside the hash-cons key; a hit in the cons table appends an origin. Origins are syntax of the text form.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/error.h"

namespace gradus {

struct Origin {
  enum class Kind {
    source,  // @dense_1("lenet5.gradus":4:3): the scope path and the place in the model text
    rule,    // @rule(tanh, operand 0, of %12): adjoint made by an op's rule
    pass,    // @pass(simplify, of %12): made by a pass from another value
  };
  static constexpr uint32_t no_value = ~uint32_t{0};

  Kind kind = Kind::source;
  std::string name;        // scope path, op or pass
  SourceSpan span;         // source only (file, line, column)
  int64_t operand = -1;    // rule only; -1: the sum of several
  uint32_t of = no_value;  // rule, pass: stable id of the value it comes from

  friend bool operator==(const Origin& a, const Origin& b) {
    return a.kind == b.kind && a.name == b.name && a.operand == b.operand && a.of == b.of &&
           a.span.file == b.span.file && a.span.line == b.span.line && a.span.column == b.span.column;
  }
};

using Origins = std::vector<Origin>;

std::string to_string(const Origin& origin);

}  // namespace gradus
