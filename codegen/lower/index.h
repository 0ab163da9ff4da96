// Index arithmetic of lowering: affine combinations of symbols (loop variables, quotients, remainders, loaded
// indices), simplified by the ranges of the symbols, so that a reshape of dense data costs nothing.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "ir/loop/expression.h"
#include "ir/type.h"

namespace gradus::lowering {

// constant + Σ coefficient · symbol; terms ascend by symbol, no coefficient is zero.
struct Index {
  int64_t constant = 0;
  std::vector<std::pair<int, int64_t>> terms;

  Index() = default;
  Index(int64_t value) : constant(value) {}
  bool is_constant() const { return terms.empty(); }
  int64_t coefficient(int symbol) const;
  friend auto operator<=>(const Index&, const Index&) = default;
};

Index operator+(const Index& a, const Index& b);
Index operator*(const Index& a, int64_t factor);
Index operator-(const Index& a, const Index& b);

using Indices = std::vector<Index>;

// All symbols of a function. A loop symbol belongs to a group of axes that one variable walks: the symbol
// with stride s and extent e stands for (variable / s) mod e.
class IndexSpace {
 public:
  struct Range {
    int64_t low = 0;
    int64_t high = 0;  // inclusive
  };

  // An axis of a loop nest, to be bound to a loop later.
  Index axis(int64_t extent);
  // A value computed elsewhere.
  Index opaque(loop::Expression expression, Range range, int level);

  Index quotient(const Index& a, int64_t divisor);
  Index remainder(const Index& a, int64_t divisor);
  Range range(const Index& a) const;

  // Row-major position of a tuple in a shape, and back.
  Index linearize(const Indices& tuple, const Shape& shape);
  Indices delinearize(const Index& linear, const Shape& shape);
  // General strides.
  Index dot(const Indices& tuple, const std::vector<int64_t>& strides);

  // From now on the axes (outermost first) are walked together by `expression`, at loop depth `level`; the
  // values lie in [low, high] of the merged axis.
  void bind(const std::vector<int>& symbols, loop::Expression expression, int level);
  int64_t extent(int symbol) const { return symbols_[static_cast<size_t>(symbol)].extent; }
  // The depth of the innermost loop that the index depends on (0: none).
  int level(const Index& a) const;

  loop::Expression expression(const Index& a);

  // Records every index that becomes an expression while set.
  void record(std::vector<Index>* into) { recorded_ = into; }

 private:
  enum class Kind { axis, quotient, remainder, opaque };
  struct Symbol {
    Kind kind = Kind::axis;
    Range range;
    int64_t extent = 1;      // axis; divisor of quotient and remainder
    Index operand;           // quotient, remainder
    int group = -1;          // axis
    int64_t stride = 1;      // axis, within its group
    loop::Expression value;  // opaque
    int level = 0;
  };
  struct Group {
    std::vector<int> symbols;
    loop::Expression value;
    int level = 0;
  };
  Index symbol(int id) const;
  int derived(Kind kind, const Index& operand, int64_t divisor, Range range);
  void recombine(Index& a);
  loop::Expression expression(const Symbol& symbol);

  std::vector<Symbol> symbols_;
  std::vector<Group> groups_;
  std::map<std::tuple<int, Index, int64_t>, int> derived_;
  std::vector<Index>* recorded_ = nullptr;
};

}  // namespace gradus::lowering
