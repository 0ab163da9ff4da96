// Index arithmetic: affine combinations of symbols (axes, quotients, remainders, numbers known only at run
// time), simplified by the ranges of the symbols, so that a reshape of dense data costs nothing.
#pragma once

#include <cstdint>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "ir/type.h"

namespace gradus {

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

// The symbols of indices that belong together: those of a loop function, or of an analysis.
class IndexSpace {
 public:
  struct Range {
    int64_t low = 0;
    int64_t high = 0;  // inclusive
  };

  // An axis of a loop nest.
  Index axis(int64_t extent);
  // A number that is computed elsewhere.
  Index opaque(Range range);

  Index quotient(const Index& a, int64_t divisor);
  Index remainder(const Index& a, int64_t divisor);
  Range range(const Index& a) const;
  // Of an index that is kept in [low, high), wherever it was.
  static Range clamped_range(const Range& range, int64_t low, int64_t high);

  // Row-major position of a tuple in a shape, and back.
  Index linearize(const Indices& tuple, const Shape& shape);
  Indices delinearize(const Index& linear, const Shape& shape);
  // Where the element lies in memory.
  Index position(const Indices& tuple, const Type& type);
  // General strides.
  Index dot(const Indices& tuple, const std::vector<int64_t>& strides);

  int64_t extent(int symbol) const { return symbols_[static_cast<size_t>(symbol)].extent; }

 protected:
  enum class Kind { axis, quotient, remainder, opaque };
  struct Symbol {
    Kind kind = Kind::axis;
    Range range;
    int64_t extent = 1;  // axis; divisor of quotient and remainder
    Index operand;       // quotient, remainder
  };
  const Symbol& symbol(int id) const { return symbols_[static_cast<size_t>(id)]; }

 private:
  Index add(Symbol symbol);
  int derived(Kind kind, const Index& operand, int64_t divisor, Range range);
  void recombine(Index& a);

  std::vector<Symbol> symbols_;
  std::map<std::tuple<int, Index, int64_t>, int> derived_;
};

// Axes of a loop nest, outermost first; an extent of 1 has the index 0.
struct Axis {
  Index index;
  int64_t extent = 1;
  int symbol() const { return index.terms[0].first; }
};
std::vector<Axis> make_axes(IndexSpace& space, const Shape& shape);
Indices tuple_of(const std::vector<Axis>& axes);

// Neighbouring axes that one variable walks.
struct MergedAxis {
  std::vector<int> symbols;
  int64_t extent = 1;
};
// Merges neighbours that every one of the indices walks together. Extents of 1 do not become axes.
std::vector<MergedAxis> merge_axes(const std::vector<Axis>& axes, const std::vector<Index>& used);

}  // namespace gradus
