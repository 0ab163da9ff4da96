#include "ir/kernel/dot_nest.h"

#include <algorithm>

#include "ir/kernel/panels.h"

namespace gradus {

namespace {

// What an axis of the nest counts.
enum class AxisKind { outer, row, column, term };

AxisPairs batch_of(const Node& dot) {
  return dot.attributes.has("batch") ? *dot.attributes.axis_pairs("batch") : AxisPairs{};
}

class Nest {
 public:
  Nest(const Graph& body, const Node& dot, const std::vector<Axis>& axes, IndexSpace& space)
      : body_(body), dot_(dot), space_(space), all_(axes) {
    const size_t batch = batch_of(dot).left.size(),
                 contracted = dot.attributes.axis_pairs("contract")->left.size();
    const size_t rows = body.type(dot.operands[0]).shape.size() - batch - contracted;
    kinds_.assign(axes.size(), AxisKind::column);
    std::fill_n(kinds_.begin(), batch, AxisKind::outer);
    std::fill_n(kinds_.begin() + static_cast<std::ptrdiff_t>(batch), rows, AxisKind::row);
    for (const Axis& axis : make_axes(space_, dot_terms(body, dot))) {
      all_.push_back(axis);
      kinds_.push_back(AxisKind::term);
    }
  }

  std::optional<DotNest> find(const Epilogue& epilogue, const Reads::IsAtHand& is_placed) {
    const std::vector<Axis> result_axes(all_.begin(),
                                        all_.begin() + static_cast<std::ptrdiff_t>(result_rank()));
    const std::vector<Axis> terms_axes(all_.begin() + static_cast<std::ptrdiff_t>(result_rank()), all_.end());
    const DotTuples at = dot_tuples(body_, dot_, tuple_of(result_axes), tuple_of(terms_axes));
    const auto a = viewed(body_, dot_.operands[0], at.left, space_, is_placed);
    const auto b = viewed(body_, dot_.operands[1], at.right, space_, is_placed);
    if (!a || !b) return std::nullopt;
    const Element a_at = element(*a), b_at = element(*b);
    std::vector<Index> used = epilogue.used(result_axes, space_);
    for (const Element& operand : {a_at, b_at}) {
      used.push_back(operand.position);
      if (operand.panels) used.push_back(operand.column);
    }
    DotNest nest;
    MergedAxis terms;
    if (a_at.panels || !share_out(merge_axes(all_, used), nest, terms)) return std::nullopt;
    nest.terms = element_count(dot_terms(body_, dot_));
    nest.a.source = a->value;
    nest.b.source = b->value;
    if (!matrix(a_at, nest.rows, terms, nest.a) || !matrix(b_at, nest.columns, terms, nest.b))
      return std::nullopt;
    if (nest.columns.extent == 1 && nest.rows.extent > 1 && nest.a.stride == 1 && !b_at.panels) {
      std::swap(nest.rows, nest.columns);
      std::swap(nest.a, nest.b);
      nest.swapped = true;
    } else if (!nest.rows.symbols.empty()) {
      const Index linear = space_.linearize(tuple_of(result_axes), dot_.types[0].shape);
      nest.rows_are_dense = linear.coefficient(nest.rows.symbols.back()) == nest.columns.extent;
    }
    return nest;
  }

 private:
  // Where an element of an operand lies; of one in panels, without its column, which stands beside it.
  struct Element {
    Index position;
    std::optional<PanelStrides> panels;
    Index column;
  };

  Element element(const Reads::Read& read) {
    const Type type = type_in_memory(body_, read.value);
    const std::optional<PanelStrides> panels = panel_strides(type);
    if (!panels) return {space_.position(read.tuple, type), std::nullopt, {}};
    Element found{{}, panels, read.tuple[panels->axis]};
    for (size_t axis = 0; axis < read.tuple.size(); ++axis)
      if (axis != panels->axis) found.position = found.position + read.tuple[axis] * panels->strides[axis];
    return found;
  }

  size_t result_rank() const { return dot_.types[0].shape.size(); }

  AxisKind kind_of(int symbol) const {
    for (size_t i = 0; i < all_.size(); ++i)
      if (all_[i].extent != 1 && all_[i].symbol() == symbol) return kinds_[i];
    return AxisKind::outer;
  }

  // The innermost axis of each kind is that of the tile, what else there is of rows and columns is outer.
  bool share_out(const std::vector<MergedAxis>& merged, DotNest& nest, MergedAxis& terms) const {
    const auto take = [&](MergedAxis& place, const MergedAxis& axis) {
      if (place.extent > 1) nest.outer.push_back(place);
      place = axis;
    };
    for (const MergedAxis& axis : merged) {
      const AxisKind kind = kind_of(axis.symbols[0]);
      // Neighbours of different kinds are walked together only by chance; such a product is left to the plain
      // form.
      for (const int symbol : axis.symbols)
        if (kind_of(symbol) != kind) return false;
      switch (kind) {
        case AxisKind::outer:
          nest.outer.push_back(axis);
          break;
        case AxisKind::row:
          take(nest.rows, axis);
          break;
        case AxisKind::column:
          take(nest.columns, axis);
          break;
        case AxisKind::term:
          if (terms.extent > 1) return false;
          terms = axis;
          break;
      }
    }
    return true;
  }

  // The columns of a panel are those of the nest, all of them from the first on.
  bool take_panels(const Element& at, const MergedAxis& axis, MatrixAccess& access) const {
    Index columns;
    int64_t stride = 1;
    for (size_t i = axis.symbols.size(); i-- > 0; stride *= space_.extent(axis.symbols[i])) {
      Index symbol;
      symbol.terms.emplace_back(axis.symbols[i], stride);
      columns = columns + symbol;
    }
    access.panel_width = at.panels->width;
    access.panel_step = at.panels->step;
    access.stride = 1;
    return at.column == columns;
  }

  bool matrix(const Element& element, const MergedAxis& axis, const MergedAxis& terms,
              MatrixAccess& access) const {
    const Index& at = element.position;
    access.base = at;
    const auto take = [&](const MergedAxis& merged, int64_t& stride) {
      if (merged.symbols.empty()) return;
      stride = at.coefficient(merged.symbols.back());
      auto& rest = access.base.terms;
      rest.erase(std::remove_if(rest.begin(), rest.end(),
                                [&](const auto& term) {
                                  return std::find(merged.symbols.begin(), merged.symbols.end(),
                                                   term.first) != merged.symbols.end();
                                }),
                 rest.end());
    };
    take(axis, access.stride);
    take(terms, access.step);
    if (element.panels && (access.stride != 0 || !take_panels(element, axis, access))) return false;
    if (access.stride < 0 || access.step < 0) return false;  // tiles walk forward
    // What is left must be affine in the outer axes.
    return std::all_of(access.base.terms.begin(), access.base.terms.end(), [&](const auto& term) {
      return std::any_of(
          all_.begin(), all_.begin() + static_cast<std::ptrdiff_t>(result_rank()),
          [&](const Axis& known) { return known.extent != 1 && known.symbol() == term.first; });
    });
  }

  const Graph& body_;
  const Node& dot_;
  IndexSpace& space_;
  std::vector<Axis> all_;  // of the result, then of the terms
  std::vector<AxisKind> kinds_;
};

}  // namespace

Shape dot_terms(const Graph& body, const Node& dot) {
  const Shape& left = body.type(dot.operands[0]).shape;
  Shape terms;
  for (const int64_t axis : dot.attributes.axis_pairs("contract")->left)
    terms.push_back(left[static_cast<size_t>(axis)]);
  return terms;
}

DotTuples dot_tuples(const Graph& body, const Node& dot, const Indices& result, const Indices& terms) {
  DotTuples at{Indices(body.type(dot.operands[0]).shape.size()),
               Indices(body.type(dot.operands[1]).shape.size())};
  std::vector<bool> left_named(at.left.size(), false), right_named(at.right.size(), false);
  const auto name = [&](const AxisPairs& pairs, const Indices& by) {
    for (size_t i = 0; i < pairs.left.size(); ++i) {
      const auto l = static_cast<size_t>(pairs.left[i]), r = static_cast<size_t>(pairs.right[i]);
      at.left[l] = at.right[r] = by[i];
      left_named[l] = right_named[r] = true;
    }
  };
  const AxisPairs batch = batch_of(dot);
  name(batch, result);
  name(*dot.attributes.axis_pairs("contract"), terms);
  size_t position = batch.left.size();
  for (size_t i = 0; i < at.left.size(); ++i)
    if (!left_named[i]) at.left[i] = result[position++];
  for (size_t i = 0; i < at.right.size(); ++i)
    if (!right_named[i]) at.right[i] = result[position++];
  return at;
}

int64_t DotNest::outer_count() const {
  int64_t count = 1;
  for (const MergedAxis& axis : outer) count *= axis.extent;
  return count;
}

std::optional<DotNest> dot_nest(const Graph& body, const Node& dot, const std::vector<Axis>& axes,
                                const Epilogue& epilogue, IndexSpace& space,
                                const Reads::IsAtHand& is_placed) {
  return Nest(body, dot, axes, space).find(epilogue, is_placed);
}

}  // namespace gradus
