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
    source,  // @memory("lstm.gradus":3:20) > @lstm("library/recurrent.gradus":38:8): a call chain
    rule,    // @rule(tanh, operand 0, of %12): adjoint made by an op's rule
    pass,    // @pass(simplify, of %12): made by a pass from another value
  };
  static constexpr uint32_t no_value = ~uint32_t{0};

  // A level of a call chain.
  struct Place {
    std::string scope;  // the path in the model; below it, the name of a function of the library
    SourceSpan span;    // file, line, column

    friend bool operator==(const Place& a, const Place& b) {
      return a.scope == b.scope && a.span.file == b.span.file && a.span.line == b.span.line &&
             a.span.column == b.span.column;
    }
  };

  static Origin source(std::vector<Place> chain);
  static Origin rule(std::string op, int64_t operand, uint32_t of);
  static Origin pass(std::string name, uint32_t of);

  Kind kind = Kind::source;
  std::vector<Place> chain;  // source, never empty: the user's line, then the lines below it, outermost first
  std::string name;          // rule: the op; pass: its name
  int64_t operand = -1;      // rule only; -1: the sum of several
  uint32_t of = no_value;    // rule, pass: stable id of the value it comes from

  friend bool operator==(const Origin&, const Origin&) = default;
};

// Each source is a place of the model that shares the value.
using Origins = std::vector<Origin>;

std::string to_string(const Origin& origin);

// The first place of the model; null if there is none.
const Origin* find_source(const Origins& origins);
// The user's line of it; unknown if there is none.
SourceSpan place_of(const Origins& origins);

// The derivative rule that made the value with this id; null for values of the forward graph. A rule that
// asks for a value which exists leaves its origin there too; such a value is older than the op that is
// differentiated.
const Origin* find_rule(const Origins& origins, uint32_t id);

}  // namespace gradus
