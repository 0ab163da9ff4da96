// Operators on tensors: promotion, broadcasting, products.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/known_math.h"
#include "frontend/language/print.h"
#include "ir/dependence.h"
#include "ir/structure.h"

namespace gradus::language {

void Elaborator::put_origin(const SourceSpan& span) {
  constexpr size_t most_library_lines = 3;  // the innermost ones
  std::vector<Origin::Place> chain;
  const SourceSpan* place = &span;
  for (const Activation* a = activation_; a && a->library; a = a->caller) {  // innermost first
    if (chain.size() < most_library_lines) chain.push_back({a->name, *place});
    place = &a->call_span;
  }
  chain.push_back({path_ && !path_->path.empty() ? path_->path : options_.name, *place});
  std::reverse(chain.begin(), chain.end());
  frame_->builder.set_origins({Origin::source(std::move(chain))});
}

ElementType Elaborator::common_element(const std::vector<const Object*>& objects, const char* symbol,
                                       const SourceSpan& span, bool floats) {
  std::optional<ElementType> strong;
  const Object* first = nullptr;
  int weakest = 0;  // of known values: 0 bool, 1 integer, 2 integer beyond i32, 3 float
  for (const Object* object : objects) {
    const ElementType element = element_of(checked(*object, span), span);
    if (weak(*object)) {
      const int rank = is_float(element)                 ? 3
                       : element == ElementType::i64     ? 2
                       : element != ElementType::boolean ? 1
                                                         : 0;
      weakest = std::max(weakest, rank);
      continue;
    }
    if (!strong || *strong == ElementType::boolean) {
      strong = element;
      first = object;
    } else if (element != ElementType::boolean && element != *strong) {
      if (is_float(element) == is_float(*strong))
        error(
            span,
            fmt::format("{}: two widths of one kind, {} and {}", symbol, describe(*first), describe(*object)),
            fmt::format("cast one of them: {}(…)", name(element)));
      if (is_float(element)) {
        strong = element;
        first = object;
      }
    }
  }
  ElementType result = strong.value_or(ElementType::boolean);
  if (weakest == 3 && !is_float(result)) result = options_.precision;
  if (weakest > 0 && result == ElementType::boolean)
    result = weakest == 2 ? ElementType::i64 : ElementType::i32;
  if (floats && !is_float(result)) result = options_.precision;
  return result;
}

Shape Elaborator::common_shape(const std::vector<Value>& values, const char* symbol, const SourceSpan& span) {
  Shape shape;
  for (Value value : values) {
    const Shape& other = frame_->builder.shape(value);
    if (other.size() > shape.size()) shape.insert(shape.begin(), other.size() - shape.size(), 1);
    for (size_t i = 0; i < other.size(); ++i) {
      int64_t& extent = shape[shape.size() - other.size() + i];
      if (extent == 1) extent = other[i];
      if (other[i] != 1 && other[i] != extent) {
        std::string message = fmt::format("{}: shapes do not fit: ", symbol);
        std::vector<Diagnostic::Note> notes;
        for (Value each : values) {
          message += (notes.empty() ? "" : fmt::format(" {} ", symbol)) + to_string(type_of(each));
          notes.push_back(origin_note(tensor(each)));
        }
        error(span, message, "axes are aligned from the last one; sizes must be equal or 1",
              std::move(notes));
      }
    }
  }
  if (values.size() == 2) warn_of_pairs_of_rows(values[0], values[1], symbol, span);
  return shape;
}

namespace {

// Whether a value of one axis got another one behind it on purpose: `x[.., none]`, `keep: true`.
bool has_new_axis(const Graph& graph, Value value) {
  const Shape shape = graph.type(value).shape;
  const std::vector<bool> same_elements = needed_by(graph, marked(graph, value), [&](uint32_t i, size_t k) {
    return is_by_element(*graph.node(i).op) && graph.type(graph.node(i).operands[k]).shape == shape;
  });
  for (uint32_t i = 0; i < same_elements.size(); ++i) {
    const Node& node = graph.node(i);
    if (same_elements[i] && is_reshape(graph, node) && graph.type(node.operands[0]).shape == Shape{shape[0]})
      return true;
  }
  return false;
}

}  // namespace

// [batch, 1] and [batch] give [batch, batch], each row of the data with every other: in a loss or metric a
// mistake that no shape shows any more once it has been reduced. What no data are in is a weight for each
// row, say.
void Elaborator::warn_of_pairs_of_rows(Value left, Value right, const char* symbol, const SourceSpan& span) {
  if (options_.mode != Mode::training || frame_ != root_.get()) return;
  const Graph& graph = root_->builder.graph();
  const auto has_shape = [&](Value value, const Shape& shape) { return graph.type(value).shape == shape; };
  const Shape column = {settings.batch, 1}, row = {settings.batch};
  if (settings.batch == 1 || !((has_shape(left, column) && has_shape(right, row)) ||
                               (has_shape(left, row) && has_shape(right, column))))
    return;
  const auto comes_from_data = [&](Value value) {
    const std::vector<gradus::Input> inputs = inputs_of(value);
    return std::any_of(inputs.begin(), inputs.end(), [&](const gradus::Input& input) {
      return input.kind == InputKind::data && !graph.type(input.value).shape.empty();
    });
  };
  if (!comes_from_data(left) || !comes_from_data(right) ||
      has_new_axis(graph, has_shape(left, column) ? left : right))
    return;
  const Shape pairs = {settings.batch, settings.batch};
  warn(span,
       fmt::format("{}: {} and {} give {}, each row with every other", symbol, to_string(type_of(left)),
                   to_string(type_of(right)), to_string(pairs)),
       "x[.., 0] takes the axis of size 1 away; where all pairs are wanted, x[.., none] says so",
       {maker_note(left), maker_note(right)});
}

std::pair<Value, Value> Elaborator::unify(const Object& left, const Object& right, const char* symbol,
                                          const SourceSpan& span, bool floats) {
  const ElementType element = common_element({&left, &right}, symbol, span, floats);
  Value a = to_value(left, element, span);
  Value b = to_value(right, element, span);
  const Shape shape = common_shape({a, b}, symbol, span);
  put_origin(span);
  a = build::broadcast_to(frame_->builder, a, shape);
  b = build::broadcast_to(frame_->builder, b, shape);
  return {a, b};
}

namespace {

// Strings, functions, none and instances can only be compared.
bool only_comparable(const Object& object) {
  return object.is<std::string>() || object.is<Nothing>() || object.is<FunctionObject>() ||
         object.is<std::shared_ptr<Instance>>() || object.is<OptimizerObject>();
}

bool same_object(const Object& a, const Object& b) {
  if (a.kind.index() != b.kind.index()) return false;
  if (const auto* text = a.as<std::string>()) return *text == *b.as<std::string>();
  if (const auto* function = a.as<FunctionObject>())
    return function->builtin == b.as<FunctionObject>()->builtin &&
           function->symbol == b.as<FunctionObject>()->symbol &&
           function->given == b.as<FunctionObject>()->given;
  return a.is<Nothing>();
}

}  // namespace

Object Elaborator::binary(BinaryOperator op, const Object& left, const Object& right,
                          const SourceSpan& span) {
  checked(left, span);
  checked(right, span);
  if (only_comparable(left) || only_comparable(right)) {
    if (op == BinaryOperator::equal) return Object(same_object(left, right));
    if (op == BinaryOperator::not_equal) return Object(!same_object(left, right));
    error(span,
          fmt::format("`{}` does not apply to {} and {}", symbol_of(op), describe(left), describe(right)),
          left.is<Nothing>() || right.is<Nothing>() ? "was an optional argument left out?" : "");
  }
  const bool lesson_variable = contains_tensor(left) || contains_tensor(right);
  if (!lesson_variable) {
    if (std::optional<Object> known = known_binary(op, left, right, span)) return std::move(*known);
    return tensor(binary_tensor(op, left, right, span));
  }
  Tensor result = tensor(binary_tensor(op, left, right, span));
  // A lesson's variables keep known values along scalar arithmetic, for sizes and conditions.
  if (is_known_scalar(left) && is_known_scalar(right) && op != BinaryOperator::logical_and &&
      op != BinaryOperator::logical_or && number_of(known_of(right)) != 0)
    if (std::optional<Object> known = known_binary(op, known_of(left), known_of(right), span))
      result.known = std::make_shared<const Object>(std::move(*known));
  return result;
}

Value Elaborator::binary_tensor(BinaryOperator op, const Object& left, const Object& right,
                                const SourceSpan& span) {
  GraphBuilder& b = frame_->builder;
  const char* symbol = symbol_of(op);
  switch (op) {
    case BinaryOperator::matrix_multiply:
      return matrix_multiply(left, right, span);
    case BinaryOperator::power:
      return power(left, right, span);
    case BinaryOperator::logical_and:
    case BinaryOperator::logical_or: {
      for (const Object* side : {&left, &right})
        if (element_of(*side, span) != ElementType::boolean)
          error(span, fmt::format("`{}` needs true or false, found {}", symbol, describe(*side)));
      const auto [x, y] = unify(left, right, symbol, span);
      return build::binary(b, op == BinaryOperator::logical_and ? OpId::logical_and : OpId::logical_or, x, y);
    }
    default:
      break;
  }
  const bool arithmetic = op >= BinaryOperator::add;
  auto [x, y] = unify(left, right, symbol, span, op == BinaryOperator::divide);
  if (arithmetic && type_of(x).element == ElementType::boolean) {
    x = build::cast(b, ElementType::i32, x);
    y = build::cast(b, ElementType::i32, y);
  }
  switch (op) {
    case BinaryOperator::add:
      return build::add(b, x, y);
    case BinaryOperator::subtract:
      return build::sub(b, x, y);
    case BinaryOperator::multiply:
      return build::mul(b, x, y);
    case BinaryOperator::divide:
      return build::div(b, x, y);
    case BinaryOperator::equal:
      return build::binary(b, OpId::equal, x, y);
    case BinaryOperator::not_equal:
      return build::binary(b, OpId::not_equal, x, y);
    case BinaryOperator::less:
      return build::binary(b, OpId::less, x, y);
    case BinaryOperator::less_equal:
      return build::binary(b, OpId::less_equal, x, y);
    case BinaryOperator::greater:
      return build::binary(b, OpId::greater, x, y);
    case BinaryOperator::greater_equal:
      return build::binary(b, OpId::greater_equal, x, y);
    default:
      break;
  }
  // x // y floors, x % y takes the sign of y; on integers `div` floors by itself.
  if (op == BinaryOperator::remainder) return build::binary(b, OpId::rem, x, y);
  const Value quotient = build::div(b, x, y);
  return is_float(type_of(x).element) ? build::unary(b, OpId::floor, quotient) : quotient;
}

namespace {

bool whole_exponent(const Object& exponent) {
  if (const auto* list = exponent.as<ListObject>())
    return std::all_of(list->items->begin(), list->items->end(), whole_exponent);
  const auto* integer = exponent.as<int64_t>();
  return integer && *integer >= 0;
}

}  // namespace

// An integer to a known whole exponent stays one, and wraps; any other exponent may give a fraction.
Value Elaborator::power(const Object& left, const Object& right, const SourceSpan& span) {
  GraphBuilder& b = frame_->builder;
  if (const auto* exponent = right.as<int64_t>(); exponent && *exponent >= 1 && *exponent <= 4) {
    const Value x = to_value(left, common_element({&left, &right}, "^", span), span);
    put_origin(span);
    return *repeated_product(x, *exponent, [&b](Value a, Value c) { return build::mul(b, a, c); });
  }
  const auto [x, y] = unify(left, right, "^", span, !whole_exponent(right));
  return build::binary(b, OpId::pow, x, y);
}

Value Elaborator::matrix_multiply(const Object& left, const Object& right, const SourceSpan& span) {
  const ElementType element = common_element({&left, &right}, "@", span);
  Value x = to_value(left, element, span);
  Value y = to_value(right, element, span);
  put_origin(span);
  GraphBuilder& b = frame_->builder;
  if (element == ElementType::boolean) {
    x = build::cast(b, ElementType::i32, x);
    y = build::cast(b, ElementType::i32, y);
  }
  const Shape xs = b.shape(x);
  const Shape ys = b.shape(y);
  const std::string both = to_string(type_of(x)) + " @ " + to_string(type_of(y));
  if (xs.empty() || ys.empty())
    error(span, fmt::format("@: a scalar has no inner axis: {}", both), "multiply with `*`");
  const auto x_rank = static_cast<int64_t>(xs.size());
  const auto y_rank = static_cast<int64_t>(ys.size());
  const int64_t y_inner = y_rank == 1 ? 0 : y_rank - 2;
  if (xs.back() != ys[static_cast<size_t>(y_inner)]) {
    std::string hint;
    if (y_rank == 2)
      hint = fmt::format("the weight must be {}", to_string(Type(element, {xs.back(), ys[1]})));
    if (xs.size() >= 2 && ys.size() >= 2 && xs.back() == ys.back())
      hint = "should one of them be transposed?";
    error(span, fmt::format("@: inner sizes differ: {}", both), hint,
          {origin_note(tensor(x)), origin_note(tensor(y))});
  }
  if (x_rank <= 2 && y_rank >= 3) {  // the matrix stands for itself in every batch
    if (x_rank == 1) return build::dot(b, x, y, {{0}, {y_inner}});
    Shape widened(ys.begin(), ys.end() - 2);
    widened.insert(widened.end(), xs.begin(), xs.end());
    x = build::broadcast_to(b, x, widened);
  } else if (y_rank <= 2) {
    return build::dot(b, x, y, {{x_rank - 1}, {y_inner}});
  }
  const Shape x_batch(b.shape(x).begin(), b.shape(x).end() - 2);
  const Shape y_batch(ys.begin(), ys.end() - 2);
  Shape batch = x_batch.size() >= y_batch.size() ? x_batch : y_batch;
  for (size_t i = 0; i < batch.size(); ++i) {
    const auto extent = [&](const Shape& shape) {
      const size_t missing = batch.size() - shape.size();
      return i < missing ? int64_t{1} : shape[i - missing];
    };
    batch[i] = std::max(extent(x_batch), extent(y_batch));
    if ((extent(x_batch) != batch[i] && extent(x_batch) != 1) ||
        (extent(y_batch) != batch[i] && extent(y_batch) != 1))
      error(span, fmt::format("@: leading axes do not fit: {}", both), "",
            {origin_note(tensor(x)), origin_note(tensor(y))});
  }
  const auto widen = [&](Value value) {
    Shape shape = batch;
    const Shape& own = b.shape(value);
    shape.insert(shape.end(), own.end() - 2, own.end());
    return build::broadcast_to(b, value, shape);
  };
  x = widen(x);
  y = widen(y);
  const auto rank = static_cast<int64_t>(batch.size()) + 2;
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank - 2; ++i) axes.push_back(i);
  return build::dot(b, x, y, {{rank - 1}, {rank - 2}}, {axes, axes});
}

Object Elaborator::negate(const Object& operand, const SourceSpan& span) {
  checked(operand, span);
  if (weak(operand) && !operand.is<bool>())
    return binary(BinaryOperator::multiply, Object(int64_t{-1}), operand, span);
  Value x = to_value(operand, span);
  put_origin(span);
  if (type_of(x).element == ElementType::boolean) x = build::cast(frame_->builder, ElementType::i32, x);
  Tensor result = tensor(build::neg(frame_->builder, x));
  if (is_known_scalar(operand))
    result.known = std::make_shared<const Object>(
        known_arithmetic(BinaryOperator::multiply, Object(int64_t{-1}), known_of(operand), span));
  return result;
}

Object Elaborator::logical_not(const Object& operand, const SourceSpan& span) {
  if (const auto* known = checked(operand, span).as<bool>()) return Object(!*known);
  const Value x = to_value(operand, span);
  if (type_of(x).element != ElementType::boolean)
    error(span, fmt::format("`not` needs true or false, found {}", describe(operand)), "compare it: … == 0");
  put_origin(span);
  return tensor(build::unary(frame_->builder, OpId::logical_not, x));
}

}  // namespace gradus::language
