#include "codegen/lower/values.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/error.h"
#include "ir/op.h"
#include "ir/reads.h"
#include "ir/structure.h"

namespace gradus::lowering {

using loop::Expression;
using loop::ScalarOp;

namespace {

// Operations of an expression beyond which its value gets a name: a matter of the loop text, of lines that
// can be read and nesting that its parser takes. The code is the same: what is used more than once, or in an
// inner loop, has a name in any case.
constexpr int longest_expression = 12;

// How often the expression mentions each placeholder; placeholders are replaced by `arguments`.
void count_arguments(const Expression& e, std::vector<int>& counts) {
  if (e->op == ScalarOp::argument) ++counts[static_cast<size_t>(e->integer)];
  for (const Expression& operand : e->operands) count_arguments(operand, counts);
}

}  // namespace

Values::Values(FunctionBuilder& function, const Graph& body)
    : f_(function), body_(body), use_counts_(body.size(), 0), origins_(body.size()) {
  for (uint32_t i = 0; i < body.size(); ++i)
    for (Value operand : body.node(i).operands) ++use_counts_[operand.node];
  for (const NamedValue& result : body.results()) ++use_counts_[result.value.node];
  size_t inputs = 0, rest = body.inputs().size();
  for (uint32_t i = 0; i < body.size(); ++i)
    numbers_[body.node(i).id] = is_input(body.node(i)) ? inputs++ : rest++;
}

Computing Values::computing(Value value) {
  std::shared_ptr<const Origins>& origins = origins_[value.node];
  if (!origins && !body_.origins(value.node).empty())
    origins = std::make_shared<const Origins>(body_.origins(value.node));
  return {f_, origins};
}

Pulled Values::named(Pulled pulled, const std::string& name) {
  if (pulled.size == 0) return pulled;
  const int level = std::max(pulled.level, std::min(1, f_.level()));
  pulled.value = f_.let(name, pulled.value, level);
  pulled.size = 0;
  return pulled;
}

Pulled Values::pull(Value value, const Indices& tuple) {
  Key key{value, tuple};
  if (auto it = memo_.find(key); it != memo_.end()) {
    const int level = std::max(it->second.pulled.level, std::min(1, f_.level()));
    if (level <= f_.level() && f_.scope_id(level) == it->second.scope) return it->second.pulled;
    memo_.erase(it);
  }
  const Computing scope = computing(value);
  Pulled pulled = compute(value, tuple);
  const Node& node = body_.node(value);
  if (pulled.size > longest_expression || (pulled.size > 0 && use_counts_[value.node] > 1))
    pulled = named(std::move(pulled), fmt::format("v{}", number(node)));
  const int level = std::max(pulled.level, std::min(1, f_.level()));
  memo_[std::move(key)] = {pulled, f_.scope_id(level)};
  return pulled;
}

Pulled Values::load(int64_t buffer, const Index& index) {
  return {f_.load(buffer, index), f_.space.level(index), 1};
}

// The ops that are neither views nor elementwise and are computed where they are read.
const Values::PullRule Values::pull_rules[] = {
    {OpId::constant, &Values::splat},
    {OpId::iota, &Values::iota},
    {OpId::pad, &Values::pad},
    {OpId::concat, &Values::concat},
    {OpId::gather, &Values::gather},
    {OpId::one_hot, &Values::one_hot},
    {OpId::dynamic_slice, &Values::dynamic_slice},
    {OpId::dynamic_update_slice, &Values::dynamic_update_slice},
    {OpId::random_bits, &Values::random_bits},
    {OpId::uniform, &Values::uniform},
    {OpId::normal, &Values::normal},
};

Pulled Values::compute(Value value, const Indices& tuple) {
  if (auto it = bound_.find(value); it != bound_.end()) return it->second(tuple);
  const Node& node = body_.node(value);
  if (is_placed(value)) return load(placed(value), position(value, tuple));
  if (node.op->view) return pull(node.operands[0], view_tuple(body_, node, tuple, f_.space));
  if (node.op->scalar) return elementwise(node, tuple);
  if (node.op->traits.access == Access::elementwise) return pull(node.operands[0], tuple);  // an identity
  const auto* rule = std::find_if(std::begin(pull_rules), std::end(pull_rules),
                                  [&](const PullRule& known) { return known.op == node.op->id; });
  if (rule == std::end(pull_rules) || value.result != 0)
    fail_internal(fmt::format("lowering: op '{}' cannot be computed inside a loop", node.op->name));
  return (this->*rule->pull)(node, tuple);
}

Pulled Values::splat(const Node& constant, const Indices&) {
  const AttributeValue* value = constant.attributes.find("value");
  if (!value) fail_internal("lowering: a constant's table was not placed");
  const ElementType element = constant.types[0].element;
  if (const double* number = std::get_if<double>(value)) return {loop::constant(element, *number), 0, 0};
  return {loop::constant_integer(element, std::get<int64_t>(*value)), 0, 0};
}

Pulled Values::iota(const Node& node, const Indices& tuple) {
  const Index& index = tuple[static_cast<size_t>(node.attributes.integer("axis"))];
  return {loop::cast(node.types[0].element, f_.space.expression(index)), f_.space.level(index), 1};
}

Pulled Values::elementwise(const Node& node, const Indices& tuple) {
  std::vector<Pulled> operands;
  Pulled result;
  result.size = 1;
  for (Value operand : node.operands) {
    operands.push_back(pull(operand, tuple));
    result.level = std::max(result.level, operands.back().level);
  }
  std::vector<Expression> placeholders;
  for (size_t i = 0; i < operands.size(); ++i)
    placeholders.push_back(loop::argument(operands[i].value->type, static_cast<int>(i)));
  std::vector<int> counts(operands.size(), 0);
  count_arguments(node.op->scalar(placeholders, node.attributes), counts);
  std::vector<Expression> arguments;
  for (size_t i = 0; i < operands.size(); ++i) {
    if (operands[i].size > 0 && (counts[i] > 1 || operands[i].level < result.level))
      operands[i] = named(operands[i], fmt::format("v{}", number(body_.node(node.operands[i]))));
    result.size += operands[i].size;
    arguments.push_back(operands[i].value);
  }
  result.value = node.op->scalar(arguments, node.attributes);
  return result;
}

Expression Values::within(const Index& index, int64_t low, int64_t high) {
  const IndexSpace::Range range = f_.space.range(index);
  if (range.low >= low && range.high < high) return nullptr;
  Expression condition;
  const Expression value = f_.space.expression(index);
  if (range.low < low) condition = loop::make(ScalarOp::greater_equal, {value, integer(low)});
  if (range.high >= high) condition = both(condition, loop::make(ScalarOp::less, {value, integer(high)}));
  return condition;
}

Index Values::clamped(const Index& index, int64_t low, int64_t high) {
  const IndexSpace::Range range = f_.space.range(index);
  if (range.low >= low && range.high < high) return index;
  const int level = f_.space.level(index);
  Expression value = f_.space.expression(index);
  if (range.low < low) value = maximum(value, integer(low));
  if (range.high >= high) value = minimum(value, integer(high - 1));
  return f_.space.computed(value, f_.space.clamped_range(range, low, high), level);
}

Pulled Values::pad(const Node& node, const Indices& tuple) {
  const Shape& from = body_.type(node.operands[0]).shape;
  const auto& low = node.attributes.integers("low");
  const auto& interior = node.attributes.integers("interior");
  Expression inside;
  int level = 0;
  Indices inner;
  for (size_t i = 0; i < from.size(); ++i) {
    const int64_t step = interior[i] + 1;
    const Index moved = tuple[i] - Index(low[i]);
    level = std::max(level, f_.space.level(moved));
    const IndexSpace::Range range = f_.space.range(moved);
    if (from[i] == 0 || range.high < 0 || range.low > (from[i] - 1) * step) return pull(node.operands[1], {});
    inside = both(inside, within(moved, 0, (from[i] - 1) * step + 1));
    const Index safe = clamped(moved, 0, (from[i] - 1) * step + 1);
    if (step > 1) {
      const Index rest = f_.space.remainder(safe, step);
      if (!(rest == Index(0)))
        inside = both(inside, loop::make(ScalarOp::equal, {f_.space.expression(rest), integer(0)}));
    }
    inner.push_back(f_.space.quotient(safe, step));
  }
  const Pulled value = pull(node.operands[0], inner);
  if (!inside) return value;
  const Pulled fill = pull(node.operands[1], {});
  return {choose(inside, value.value, fill.value), std::max({level, value.level, fill.level}),
          value.size + fill.size + 2};
}

Pulled Values::concat(const Node& node, const Indices& tuple) {
  const auto axis = static_cast<size_t>(node.attributes.integer("axis"));
  const IndexSpace::Range range = f_.space.range(tuple[axis]);
  Pulled result;
  int64_t begin = 0;
  for (Value operand : node.operands) {
    const int64_t extent = body_.type(operand).shape[axis];
    const int64_t end = begin + extent;
    if (range.high >= begin && range.low < end && extent > 0) {
      Indices inner = tuple;
      inner[axis] = clamped(tuple[axis] - Index(begin), 0, extent);
      const Pulled part = pull(operand, inner);
      if (!result.value) {
        result = part;
      } else {
        // Parts come in ascending order: this one from its beginning on.
        const Expression here =
            loop::make(ScalarOp::greater_equal, {f_.space.expression(tuple[axis]), integer(begin)});
        result = {choose(here, part.value, result.value),
                  std::max({result.level, part.level, f_.space.level(tuple[axis])}),
                  result.size + part.size + 2};
      }
    }
    begin = end;
  }
  if (!result.value) fail_internal("lowering: a concat is read beyond its end");
  return result;
}

Pulled Values::gather(const Node& node, const Indices& tuple) {
  const auto batch = static_cast<size_t>(node.attributes.integer_or("batch", 0));
  const Type& ids = body_.type(node.operands[1]);
  const Shape& from = body_.type(node.operands[0]).shape;
  const auto rank = ids.shape.size();
  Pulled id =
      pull(node.operands[1], Indices(tuple.begin(), tuple.begin() + static_cast<std::ptrdiff_t>(rank)));
  if (ids.element != ElementType::i64) id.value = loop::cast(ElementType::i64, id.value);
  ++id.size;
  id = named(id, fmt::format("id{}", number(node)));
  const Expression inside = both(loop::make(ScalarOp::greater_equal, {id.value, integer(0)}),
                                 loop::make(ScalarOp::less, {id.value, integer(from[batch])}));
  const Pulled safe =
      named({choose(inside, id.value, integer(0)), id.level, 3}, fmt::format("row{}", number(node)));
  Indices inner(tuple.begin(), tuple.begin() + static_cast<std::ptrdiff_t>(batch));
  inner.push_back(
      f_.space.computed(safe.value, {0, from[batch] - 1}, std::max(safe.level, std::min(1, f_.level()))));
  inner.insert(inner.end(), tuple.begin() + static_cast<std::ptrdiff_t>(rank), tuple.end());
  const Pulled value = pull(node.operands[0], inner);
  const ElementType element = node.types[0].element;
  const Expression zero = is_float(element) ? loop::constant(element, 0) : loop::constant_integer(element, 0);
  return {choose(inside, value.value, zero), std::max(id.level, value.level), value.size + 3};
}

Index Values::box_start(const Node& node, size_t operand, int64_t most) {
  if (most == 0) return Index(0);
  Pulled start = pull(node.operands[operand], {});
  if (start.value->type != ElementType::i64) start.value = loop::cast(ElementType::i64, start.value);
  start = named({minimum(maximum(start.value, integer(0)), integer(most)), start.level, start.size + 3},
                fmt::format("start{}", number(node)));
  return f_.space.computed(start.value, {0, most}, std::max(start.level, std::min(1, f_.level())));
}

Pulled Values::dynamic_slice(const Node& node, const Indices& tuple) {
  const Shape& from = body_.type(node.operands[0]).shape;
  Indices inner = tuple;
  for (size_t i = 0; i < from.size(); ++i)
    inner[i] = tuple[i] + box_start(node, i + 1, from[i] - node.types[0].shape[i]);
  return pull(node.operands[0], inner);
}

Pulled Values::dynamic_update_slice(const Node& node, const Indices& tuple) {
  const Shape& shape = node.types[0].shape;
  const Shape& box = body_.type(node.operands[1]).shape;
  const Pulled around = pull(node.operands[0], tuple);
  if (element_count(box) == 0) return around;
  Expression inside;
  int level = around.level;
  Indices inner;
  for (size_t i = 0; i < shape.size(); ++i) {
    const Index at = tuple[i] - box_start(node, i + 2, shape[i] - box[i]);
    level = std::max(level, f_.space.level(at));
    inside = both(inside, within(at, 0, box[i]));
    inner.push_back(clamped(at, 0, box[i]));
  }
  const Pulled update = pull(node.operands[1], inner);
  if (!inside) return update;
  return {choose(inside, update.value, around.value), std::max(level, update.level),
          around.size + update.size + 2};
}

Pulled Values::one_hot(const Node& node, const Indices& tuple) {
  const Type& ids = body_.type(node.operands[0]);
  Pulled id = pull(node.operands[0], Indices(tuple.begin(), tuple.end() - 1));
  if (id.level < f_.space.level(tuple.back())) id = named(id, fmt::format("id{}", number(node)));
  const Expression position = f_.space.expression(tuple.back());
  const Expression wanted =
      ids.element == ElementType::i64 ? id.value : loop::cast(ElementType::i64, id.value);
  const ElementType element = node.types[0].element;
  const auto value = [&](int64_t v) {
    return is_float(element) ? loop::constant(element, static_cast<double>(v))
                             : loop::constant_integer(element, v);
  };
  return {choose(loop::make(ScalarOp::equal, {wanted, position}), value(1), value(0)),
          std::max(id.level, f_.space.level(tuple.back())), id.size + 3};
}

// What the draws of a random op at `tuple` have in common.
Values::Draw Values::draw(const Node& node, const Indices& tuple) {
  Draw draw{node.types[0].element, {}, {}, 0};
  for (Value operand : node.operands) {
    const Pulled part = named(pull(operand, Indices(body_.type(operand).shape.size())), "key");
    draw.key.push_back(part.value);
    draw.level = std::max(draw.level, part.level);
  }
  const Index element = f_.space.linearize(tuple, node.types[0].shape);
  draw.level = std::max(draw.level, f_.space.level(element));
  draw.position = f_.space.expression(element);
  return draw;
}

Expression Values::Draw::bits(const Expression& at) const {
  std::vector<Expression> operands = key;
  operands.push_back(at);
  return loop::make(ScalarOp::random_bits, std::move(operands));
}

Expression Values::Draw::uniform(const Expression& at) const {
  const Expression high =
      loop::make(ScalarOp::shift_right_logical, {bits(at), loop::constant_integer(ElementType::i32, 8)});
  return loop::cast(element, high) * loop::constant(element, 0x1p-24);
}

Pulled Values::random_bits(const Node& node, const Indices& tuple) {
  const Draw d = draw(node, tuple);
  return {d.bits(d.position), d.level, 4};
}

Pulled Values::uniform(const Node& node, const Indices& tuple) {
  const Draw d = draw(node, tuple);
  return {d.uniform(d.position), d.level, 6};
}

// Box-Muller: elements e and e + 16 share their two uniforms.
Pulled Values::normal(const Node& node, const Indices& tuple) {
  const Draw d = draw(node, tuple);
  const Expression lane = loop::make(ScalarOp::remainder, {d.position, integer(32)});
  const Expression is_sine = loop::make(ScalarOp::greater_equal, {lane, integer(16)});
  const Expression first = choose(is_sine, d.position - integer(16), d.position);
  const auto number = [&](double v) { return loop::constant(d.element, v); };
  const Pulled base = named({first, d.level, 3}, "pair");
  const Expression u = number(1) - d.uniform(base.value);
  const Expression radius = loop::make(ScalarOp::sqrt, {number(-2) * loop::make(ScalarOp::log, {u})});
  const Pulled angle =
      named({number(6.283185307179586) * d.uniform(base.value + integer(16)), d.level, 6}, "angle");
  const Expression turn =
      choose(is_sine, loop::make(ScalarOp::sin, {angle.value}), loop::make(ScalarOp::cos, {angle.value}));
  return {radius * turn, d.level, 20};
}

}  // namespace gradus::lowering
