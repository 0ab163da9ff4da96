#include "ir/kernel/map_nest.h"

#include <algorithm>
#include <set>

namespace gradus {

namespace {

int64_t last_extent(const Shape& shape) { return shape.empty() ? 0 : shape.back(); }

bool contains_any(const Index& index, const std::set<int>& symbols) {
  return std::any_of(index.terms.begin(), index.terms.end(),
                     [&](const auto& term) { return symbols.count(term.first) > 0; });
}

}  // namespace

MapNest::MapNest(const KernelStages& stages, const std::vector<size_t>& results) : stages_(stages) {
  const Graph& body = stages.body();
  for (const size_t r : results)
    if (const Value value = body.results()[r].value; body.type(value).layout.is_default())
      values_.push_back(value);
  if (values_.empty()) return;
  columns_ = last_extent(body.type(values_[0]).shape);
  for (const Value value : values_)
    if (last_extent(body.type(value).shape) != columns_) columns_ = 0;
}

Reads MapNest::follow(IndexSpace& space, const Index& column) const {
  Reads reads(stages_.body(), space,
              [this](Value value) { return stages_.is_placed(value, stages_.all().size()); });
  for (const Value value : values_) {
    Indices tuple = tuple_of(make_axes(space, stages_.body().type(value).shape));
    if (!tuple.empty()) tuple.back() = column;
    reads.follow(value, tuple);
  }
  return reads;
}

std::vector<int64_t> MapNest::bounds() const {
  if (columns_ < 2) return {};
  IndexSpace space;
  const Index column = space.axis(columns_);
  const Reads reads = follow(space, column);
  std::set<int64_t> bounds;
  for (const Reads::Guard& guard : reads.guards())
    if (guard.index.terms == column.terms)
      for (const int64_t at : {guard.low - guard.index.constant, guard.high - guard.index.constant})
        if (at > 0 && at < columns_) bounds.insert(at);
  return {bounds.begin(), bounds.end()};
}

MapNest::Element MapNest::element(int64_t begin, int64_t end) const {
  IndexSpace space;
  const Index axis = end - begin == 1 ? Index(0) : space.axis(end - begin);
  const Reads reads = follow(space, axis + Index(begin));
  std::set<int> clamped;
  for (const Reads::Guard& guard : reads.guards())
    if (!axis.is_constant() && guard.index.coefficient(axis.terms[0].first) != 0)
      clamped.insert(guard.clamped.terms[0].first);
  Element element{reads.computed(), 0};
  for (const Reads::Read& read : reads.reads())
    for (const Index& index : read.tuple)
      if (contains_any(index, clamped)) {
        ++element.gathered;
        break;
      }
  return element;
}

}  // namespace gradus
