#include "ir/index.h"

#include <algorithm>
#include <numeric>

namespace gradus {

int64_t Index::coefficient(int symbol) const {
  for (const auto& [s, c] : terms)
    if (s == symbol) return c;
  return 0;
}

Index operator+(const Index& a, const Index& b) {
  Index result(a.constant + b.constant);
  size_t i = 0, j = 0;
  while (i < a.terms.size() || j < b.terms.size()) {
    if (j == b.terms.size() || (i < a.terms.size() && a.terms[i].first < b.terms[j].first)) {
      result.terms.push_back(a.terms[i++]);
    } else if (i == a.terms.size() || b.terms[j].first < a.terms[i].first) {
      result.terms.push_back(b.terms[j++]);
    } else {
      const int64_t sum = a.terms[i].second + b.terms[j].second;
      if (sum != 0) result.terms.emplace_back(a.terms[i].first, sum);
      ++i, ++j;
    }
  }
  return result;
}

Index operator*(const Index& a, int64_t factor) {
  if (factor == 0) return {};
  Index result = a;
  result.constant *= factor;
  for (auto& term : result.terms) term.second *= factor;
  return result;
}

Index operator-(const Index& a, const Index& b) { return a + b * -1; }

namespace {

Index of_symbol(int id) {
  Index result;
  result.terms.emplace_back(id, 1);
  return result;
}

}  // namespace

Index IndexSpace::add(Symbol symbol) {
  symbols_.push_back(std::move(symbol));
  return of_symbol(static_cast<int>(symbols_.size()) - 1);
}

Index IndexSpace::axis(int64_t extent) { return add({Kind::axis, {0, extent - 1}, extent, {}}); }

Index IndexSpace::opaque(Range range) { return add({Kind::opaque, range, 1, {}}); }

int IndexSpace::derived(Kind kind, const Index& operand, int64_t divisor, Range range) {
  const auto key = std::make_tuple(static_cast<int>(kind), operand, divisor);
  if (auto it = derived_.find(key); it != derived_.end()) return it->second;
  const Index made = add({kind, range, divisor, operand});
  return derived_[key] = made.terms[0].first;
}

IndexSpace::Range IndexSpace::range(const Index& a) const {
  Range r{a.constant, a.constant};
  for (const auto& [s, c] : a.terms) {
    const Range& own = symbol(s).range;
    r.low += c > 0 ? c * own.low : c * own.high;
    r.high += c > 0 ? c * own.high : c * own.low;
  }
  return r;
}

IndexSpace::Range IndexSpace::clamped_range(const Range& range, int64_t low, int64_t high) {
  return {std::clamp(range.low, low, high - 1), std::clamp(range.high, low, high - 1)};
}

namespace {

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

// The part of `a` that is divisible by `by`, and the rest (with a constant in [0, by)).
std::pair<Index, Index> split(const Index& a, int64_t by) {
  Index whole(floor_divide(a.constant, by)), rest(a.constant - floor_divide(a.constant, by) * by);
  for (const auto& [s, c] : a.terms)
    (c % by == 0 ? whole.terms : rest.terms).emplace_back(s, c % by == 0 ? c / by : c);
  return {whole, rest};
}

}  // namespace

// An extent of 0 divides an index that no element has: any value will do.
Index IndexSpace::quotient(const Index& a, int64_t divisor) {
  if (divisor == 1) return a;
  if (divisor == 0) return {};
  auto [whole, rest] = split(a, divisor);
  Range r = range(rest);
  if (floor_divide(r.low, divisor) == floor_divide(r.high, divisor))
    return whole + Index(floor_divide(r.low, divisor));
  // Terms that share a factor with the divisor: (g·x + y) / (g·d) = x / d when 0 <= y < g.
  for (const auto& [s, c] : rest.terms)
    if (const int64_t g = std::gcd(c, divisor); g > 1) {
      const auto [inner, small] = split(rest, g);
      const Range left = range(small);
      if (left.low >= 0 && left.high < g && !inner.is_constant() && g < divisor) {
        return whole + quotient(inner, divisor / g);
      }
    }
  // (x / e + c) / d = (x + c·e) / (e·d)
  if (rest.terms.size() == 1 && rest.terms[0].second == 1) {
    const Symbol s = symbol(rest.terms[0].first);
    if (s.kind == Kind::quotient)
      return whole + quotient(s.operand + Index(rest.constant * s.extent), s.extent * divisor);
  }
  r = range(rest);
  return whole + of_symbol(derived(Kind::quotient, rest, divisor,
                                   {floor_divide(r.low, divisor), floor_divide(r.high, divisor)}));
}

Index IndexSpace::remainder(const Index& a, int64_t divisor) {
  if (divisor <= 1) return {};
  const Index rest = split(a, divisor).second;
  const Range r = range(rest);
  const int64_t block = floor_divide(r.low, divisor);
  if (block == floor_divide(r.high, divisor)) return rest - Index(block * divisor);
  for (const auto& [s, c] : rest.terms)
    if (const int64_t g = std::gcd(c, divisor); g > 1 && g < divisor) {
      const auto [inner, small] = split(rest, g);
      const Range left = range(small);
      if (left.low >= 0 && left.high < g && !inner.is_constant())
        return remainder(inner, divisor / g) * g + small;
    }
  return of_symbol(derived(Kind::remainder, rest, divisor, {0, divisor - 1}));
}

// x mod d = x - d·(x / d): where that makes quotients cancel, as after a reshape of dense data, it is
// simpler.
void IndexSpace::recombine(Index& a) {
  const auto derived = [&](const Index& index) {
    return std::count_if(index.terms.begin(), index.terms.end(), [&](const auto& term) {
      const Kind kind = symbol(term.first).kind;
      return kind == Kind::quotient || kind == Kind::remainder;
    });
  };
  const auto expanded = [&](const Index& index, int only) {
    Index result = index;
    for (const auto& [id, c] : index.terms) {
      const Symbol s = symbol(id);
      if (s.kind != Kind::remainder || (only >= 0 && id != only)) continue;
      result = result - of_symbol(id) * c + s.operand * c - quotient(s.operand, s.extent) * (c * s.extent);
    }
    return result;
  };
  for (bool better = true; better;) {
    better = false;
    Index candidate = expanded(a, -1);
    better = derived(candidate) < derived(a);
    for (size_t i = 0; i < a.terms.size() && !better; ++i) {
      candidate = expanded(a, a.terms[i].first);
      better = derived(candidate) < derived(a);
    }
    if (better) a = candidate;
  }
}

Index IndexSpace::dot(const Indices& tuple, const std::vector<int64_t>& strides) {
  Index result;
  for (size_t i = 0; i < tuple.size(); ++i) result = result + tuple[i] * strides[i];
  recombine(result);
  return result;
}

Index IndexSpace::linearize(const Indices& tuple, const Shape& shape) {
  return dot(tuple, row_major_strides(shape));
}

Index IndexSpace::position(const Indices& tuple, const Type& type) {
  const Layout& layout = type.layout;
  if (layout.is_default()) return linearize(tuple, type.shape);
  Indices tiles, inner;
  Shape tile_counts, tile_extents;
  for (size_t k = 0; k < tuple.size(); ++k) {
    const size_t axis = layout.order.empty() ? k : static_cast<size_t>(layout.order[k]);
    const int64_t tile = layout.tiling.empty() ? 1 : layout.tiling[axis];
    const int64_t padded = type.shape[axis] + (layout.padding.empty() ? 0 : layout.padding[axis]);
    tiles.push_back(quotient(tuple[axis], tile));
    inner.push_back(remainder(tuple[axis], tile));
    tile_counts.push_back((padded + tile - 1) / tile);
    tile_extents.push_back(tile);
  }
  tiles.insert(tiles.end(), inner.begin(), inner.end());
  tile_counts.insert(tile_counts.end(), tile_extents.begin(), tile_extents.end());
  return linearize(tiles, tile_counts);
}

Indices IndexSpace::delinearize(const Index& linear, const Shape& shape) {
  const std::vector<int64_t> strides = row_major_strides(shape);
  Indices tuple(shape.size());
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 1) continue;
    const Index q = quotient(linear, strides[i]);
    tuple[i] = remainder(q, shape[i]);
  }
  return tuple;
}

std::vector<Axis> make_axes(IndexSpace& space, const Shape& shape) {
  std::vector<Axis> axes;
  for (int64_t extent : shape) axes.push_back({extent == 1 ? Index(0) : space.axis(extent), extent});
  return axes;
}

Indices tuple_of(const std::vector<Axis>& axes) {
  Indices tuple;
  for (const Axis& axis : axes) tuple.push_back(axis.index);
  return tuple;
}

std::vector<MergedAxis> merge_axes(const std::vector<Axis>& axes, const std::vector<Index>& used) {
  std::vector<MergedAxis> merged;
  for (const Axis& axis : axes) {
    if (axis.extent == 1) continue;
    bool joins = !merged.empty();
    for (const Index& index : used)
      joins = joins && index.coefficient(merged.back().symbols.back()) ==
                           index.coefficient(axis.symbol()) * axis.extent;
    if (!joins) merged.emplace_back();
    merged.back().symbols.push_back(axis.symbol());
    merged.back().extent *= axis.extent;
  }
  return merged;
}

}  // namespace gradus
