// Indices: slices, single elements, new axes, gather; also of lists and of paths (`blocks[0]`).
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/range.h"

namespace gradus::language {

int64_t Elaborator::known_integer(const Expression& expression, const char* what) {
  return to_integer(evaluate(expression), what, expression.span);
}

Object Elaborator::index(const Object& base, const Index& index, const SourceSpan& span) {
  if (base.is<PathObject>() || base.is<std::shared_ptr<Instance>>()) {
    const std::string& prefix =
        base.is<PathObject>() ? base.as<PathObject>()->path : (*base.as<std::shared_ptr<Instance>>())->path;
    if (index.indices.size() != 1 || index.indices[0].is_range)
      error(span, fmt::format("{} takes one number in brackets", describe(base)));
    const std::string path = fmt::format("{}[{}]", prefix, scope_number(prefix, *index.indices[0].first));
    if (std::optional<Object> found = path_object(path)) return std::move(*found);
    error(span, fmt::format("nothing is called `{}`", path));
  }
  checked(base, span);
  if (const auto* list = base.as<ListObject>())
    if (index.indices.size() == 1 && !(index.indices[0].first && index.indices[0].first->as<Ellipsis>()))
      return index_list(*list->items, index, span);
  return index_tensor(tensor(to_value(base, span)), index, span);
}

namespace {

struct Bounds {
  int64_t first;
  int64_t last;
  int64_t step;
};

}  // namespace

Object Elaborator::index_list(const Items& items, const Index& index, const SourceSpan& span) {
  const Range& range = index.indices[0];
  const auto size = static_cast<int64_t>(items.size());
  if (!range.is_range) {
    const Object at = evaluate(*range.first);
    if (!is_known_scalar(at)) return index_tensor(tensor(stack(items, 0, span)), index, span);
    const int64_t i = to_integer(at, "an index", range.span);
    if (i < -size || i >= size)
      error(range.span, fmt::format("index {} is out of range: the list has {} elements", i, size));
    return items[static_cast<size_t>(i < 0 ? i + size : i)];
  }
  const auto bound = [&](const ExpressionPointer& expression, int64_t otherwise) {
    if (!expression) return otherwise;
    const int64_t at = known_integer(*expression, "a bound");
    return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
  };
  const int64_t step = range.step ? known_integer(*range.step, "a step") : 1;
  if (step < 1) error(range.span, "the step of a slice must be at least 1");
  const int64_t first = bound(range.first, 0);
  const uint64_t count = range_length(first, bound(range.last, size), step);
  Items result;
  for (uint64_t i = 0; i < count; ++i)
    result.push_back(items[static_cast<size_t>(range_element(first, step, i))]);
  return make_list(std::move(result));
}

Value Elaborator::gather_axis(Value x, Value ids, int64_t axis, const SourceSpan& span) {
  GraphBuilder& b = frame_->builder;
  const Type ids_type = type_of(ids);
  if (!is_integer(ids_type.element))
    error(span, fmt::format("an index must be an integer, found {}", to_string(ids_type)),
          ids_type.element == ElementType::boolean
              ? "a mask does not select elements, since sizes are fixed: use `where(condition, a, b)`"
              : "cast it: i32(…)");
  const int64_t limit = b.shape(x)[static_cast<size_t>(axis)];
  // The indexed axis to the front, gather, and the new axes to where it was.
  std::vector<int64_t> forward{axis};
  const auto rank = static_cast<int64_t>(b.shape(x).size());
  for (int64_t i = 0; i < rank; ++i)
    if (i != axis) forward.push_back(i);
  const Value table = build::transpose(b, x, forward);
  const Value gathered =
      checked_op(OpId::gather, {table, ids}, {{"batch", int64_t{0}}}, limit, "index", span);
  const int64_t added = ids_type.rank();
  std::vector<int64_t> back;
  for (int64_t i = 0; i < axis; ++i) back.push_back(added + i);
  for (int64_t i = 0; i < added; ++i) back.push_back(i);
  for (int64_t i = axis + 1; i < rank; ++i) back.push_back(added + i - 1);
  return build::transpose(b, gathered, back);
}

Object Elaborator::index_tensor(const Tensor& base, const Index& index, const SourceSpan& span) {
  Value x = use(base, span);
  GraphBuilder& b = frame_->builder;
  const Shape shape = b.shape(x);
  const auto rank = static_cast<int64_t>(shape.size());
  // What each index is; tensors are applied after the slices.
  struct Piece {
    enum class Kind { slice, element, new_axis, ids } kind;
    int64_t axis = 0;
    Bounds bounds{0, 0, 1};
    Object ids;
    SourceSpan span;
  };
  std::vector<Piece> pieces;
  int64_t consumed = 0;
  std::vector<Object> objects(index.indices.size());
  for (size_t i = 0; i < index.indices.size(); ++i) {
    const Range& range = index.indices[i];
    if (range.is_range) {
      ++consumed;
    } else if (!range.first->as<Ellipsis>()) {
      objects[i] = range.first->as<None>() ? Object(Nothing{}) : checked(evaluate(*range.first), range.span);
      if (!objects[i].is<Nothing>()) ++consumed;
    }
  }
  if (consumed > rank)
    error(span, fmt::format("{} indices into {}, which has {} axes", consumed, to_string(b.type(x)), rank),
          "", {origin_note(tensor(x))});
  int64_t axis = 0;
  bool ellipsis = false;
  for (size_t i = 0; i < index.indices.size(); ++i) {
    const Range& range = index.indices[i];
    if (!range.is_range && range.first->as<Ellipsis>()) {
      if (ellipsis) error(range.span, "`...` stands once in an index");
      ellipsis = true;
      for (int64_t rest = rank - consumed; rest > 0; --rest, ++axis)
        pieces.push_back(
            {Piece::Kind::slice, axis, {0, shape[static_cast<size_t>(axis)], 1}, {}, range.span});
      continue;
    }
    if (!range.is_range && objects[i].is<Nothing>()) {
      pieces.push_back({Piece::Kind::new_axis, 0, {0, 0, 1}, {}, range.span});
      continue;
    }
    const int64_t size = shape[static_cast<size_t>(axis)];
    if (range.is_range) {
      const auto bound = [&](const ExpressionPointer& expression, int64_t otherwise) {
        if (!expression) return otherwise;
        const int64_t at = known_integer(*expression, "a bound of a slice");
        if (at < -size || at > size)
          error(expression->span,
                fmt::format("slice bound {} is out of range: axis {} of {} has size {}", at, axis,
                            to_string(b.type(x)), size),
                "", {origin_note(tensor(x))});
        return at < 0 ? at + size : at;
      };
      Piece piece{
          Piece::Kind::slice, axis, {bound(range.first, 0), bound(range.last, size), 1}, {}, range.span};
      // A step beyond the end takes the first element, however far it goes.
      if (range.step) piece.bounds.step = std::min(known_integer(*range.step, "a step"), size);
      if (piece.bounds.step < 1) error(range.span, "the step of a slice must be at least 1");
      if (piece.bounds.first >= piece.bounds.last)
        error(range.span, fmt::format("the slice {}..{} of axis {} is empty", piece.bounds.first,
                                      piece.bounds.last, axis));
      pieces.push_back(std::move(piece));
    } else if (is_known_scalar(objects[i])) {
      const int64_t at = to_integer(objects[i], "an index", range.span);
      if (at < -size || at >= size)
        error(range.span,
              fmt::format("index {} is out of range: axis {} of {} has size {}", at, axis,
                          to_string(b.type(x)), size),
              "", {origin_note(tensor(x))});
      const int64_t from = at < 0 ? at + size : at;
      pieces.push_back({Piece::Kind::element, axis, {from, from + 1, 1}, {}, range.span});
    } else {
      pieces.push_back({Piece::Kind::ids, axis, {0, size, 1}, objects[i], range.span});
    }
    ++axis;
  }
  std::vector<int64_t> start(shape.size(), 0);
  std::vector<int64_t> limit = shape;
  std::vector<int64_t> stride(shape.size(), 1);
  Shape kept;
  std::vector<const Piece*> gathered;
  std::vector<int64_t> gathered_axes;
  for (const Piece& piece : pieces) {
    if (piece.kind == Piece::Kind::new_axis) {
      kept.push_back(1);
      continue;
    }
    const auto at = static_cast<size_t>(piece.axis);
    start[at] = piece.bounds.first;
    limit[at] = piece.bounds.last;
    stride[at] = piece.bounds.step;
    if (piece.kind == Piece::Kind::ids) {
      gathered.push_back(&piece);
      gathered_axes.push_back(static_cast<int64_t>(kept.size()));
    }
    if (piece.kind != Piece::Kind::element)
      kept.push_back(
          static_cast<int64_t>(range_length(piece.bounds.first, piece.bounds.last, piece.bounds.step)));
  }
  for (; axis < rank; ++axis) kept.push_back(shape[static_cast<size_t>(axis)]);
  put_origin(span);
  x = build::slice(b, x, std::move(start), std::move(limit), std::move(stride));
  x = build::reshape(b, x, std::move(kept));
  if (gathered.size() == 1) {
    const Value ids = to_value(gathered[0]->ids, gathered[0]->span);
    put_origin(span);
    x = gather_axis(x, ids, gathered_axes[0], gathered[0]->span);
  } else if (!gathered.empty()) {
    std::vector<Value> ids;
    for (const Piece* piece : gathered) ids.push_back(to_value(piece->ids, piece->span));
    x = gather_axes(x, std::move(ids), gathered_axes, span);
  }
  return tensor(x);
}

// x[i, j] with tensors i and j: both run together. The axes become one, in the place of the first.
Value Elaborator::gather_axes(Value x, std::vector<Value> ids, const std::vector<int64_t>& axes,
                              const SourceSpan& span) {
  GraphBuilder& b = frame_->builder;
  const Shape shape = b.shape(x);
  for (Value& id : ids) {
    if (!is_integer(type_of(id).element))
      error(span, fmt::format("an index must be an integer, found {}", to_string(type_of(id))),
            "cast it: i32(…)");
    put_origin(span);
    id = build::cast(b, ElementType::i64, id);
  }
  const Shape common = common_shape(ids, "an index", span);
  put_origin(span);
  const Type type(ElementType::i64, common);
  Value flat = build::constant_integer(b, type, 0);
  Value valid;
  int64_t limit = 1;
  for (size_t i = 0; i < ids.size(); ++i) {
    const int64_t size = shape[static_cast<size_t>(axes[i])];
    const Value id = build::broadcast_to(b, ids[i], common);
    const Value inside = build::binary(
        b, OpId::logical_and, build::binary(b, OpId::greater_equal, id, build::constant_integer(b, type, 0)),
        build::binary(b, OpId::less, id, build::constant_integer(b, type, size)));
    valid = valid ? build::binary(b, OpId::logical_and, valid, inside) : inside;
    flat = build::add(b, build::mul(b, flat, build::constant_integer(b, type, size)), id);
    limit *= size;
  }
  // One index out of range must not become another element.
  flat = build::select(b, valid, flat, build::constant_integer(b, type, -1));
  std::vector<int64_t> order;
  Shape merged;
  for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i) {
    if (i == axes[0]) {
      order.insert(order.end(), axes.begin(), axes.end());
      merged.push_back(limit);
    } else if (std::find(axes.begin(), axes.end(), i) == axes.end()) {
      order.push_back(i);
      merged.push_back(shape[static_cast<size_t>(i)]);
    }
  }
  x = build::reshape(b, build::transpose(b, x, std::move(order)), std::move(merged));
  return gather_axis(x, flat, axes[0], span);
}

}  // namespace gradus::language
