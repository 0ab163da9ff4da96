// check-numerics: every value that could be the first one that is not finite is reduced to a flag, and the
// flags go into the step's status, numbered in program order; so the first of them stops the step before its
// updates.
//
// Runs on a graph without gradient nodes, before `fuse`: the flags are values like any other, and no kernel
// can hide the op between two others. A body (scan, call) yields the number of its first failing node besides
// its results; which iteration it was is for the driver to find. Constants may be infinite, and what is made
// of them is watched for NaN only: masks of attention are made of infinities on purpose. It leaves alone what
// cannot be the first: shape ops, maxima, bounded functions.
#include "passes/check_numerics.h"

#include <algorithm>
#include <cmath>

#include "ir/build.h"
#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"
#include "passes/pass.h"

namespace gradus {

namespace {

constexpr int64_t all_finite = int64_t{1} << 40;  // larger than any node's number

bool holds_floats(const Node& node) {
  return std::any_of(node.types.begin(), node.types.end(), [](const Type& t) { return is_float(t.element); });
}

bool constant_has(const Node& node, bool (*property)(double)) {
  if (const AttributeValue* value = node.attributes.find("value")) {
    const auto* number = std::get_if<double>(value);
    return number && property(*number);
  }
  const auto* values = std::get_if<std::vector<double>>(node.attributes.find("values"));
  return values && std::any_of(values->begin(), values->end(), property);
}

// Which nodes may hold an infinity that was asked for.
class Infinities {
 public:
  Infinities(const Graph& graph, const InfiniteInputs& inputs) : may_(graph.size()) {
    for (size_t i = 0; i < inputs.size(); ++i) may_[graph.inputs()[i].value.node] = inputs[i];
    for (uint32_t i = 0; i < graph.size(); ++i)
      if (!is_input(graph.node(i))) may_[i] = may_be(graph.node(i));
  }

  bool operator[](uint32_t node) const { return may_[node]; }
  bool operator[](Value value) const { return may_[value.node]; }

  // Of the inputs of a node's body; a carry's also if the body makes one.
  InfiniteInputs body_inputs(const Node& node) const {
    InfiniteInputs inputs;
    const bool scan = is_scan(node);
    if (scan) inputs.push_back(false);  // the index
    for (Value operand : node.operands) inputs.push_back(may_[operand.node]);
    const size_t carries = scan ? ops::ScanLayout(node).carries : 0;
    for (bool changed = carries > 0; changed;) {
      changed = false;
      const Infinities body(*node.body, inputs);
      for (size_t i = 0; i < carries; ++i)
        if (const size_t input = ops::ScanLayout::body_input_of(i);
            body[node.body->results()[i].value] && !inputs[input])
          inputs[input] = changed = true;
    }
    return inputs;
  }

 private:
  bool may_be(const Node& node) const {
    if (!holds_floats(node)) return false;
    if (is_constant(node)) return constant_has(node, [](double x) { return std::isinf(x); });
    if (node.body) {
      const Infinities body(*node.body, body_inputs(node));
      for (const NamedValue& result : node.body->results())
        if (body[result.value]) return true;
      return false;
    }
    // What is finite where its first operand is infinite: a clamp's bounds may be infinite as well.
    const bool beside = node.op->traits.finite_at_infinity && !node.operands.empty();
    return std::any_of(node.operands.begin() + (beside ? 1 : 0), node.operands.end(),
                       [&](Value v) { return may_[v.node]; });
  }

  std::vector<bool> may_;
};

// What to look for in a node: nothing (no floats, or finite numbers that stay finite), NaN only where an
// infinity may be asked for (a sine of it is one), or anything that is not finite.
enum class Watch { nothing, nan, non_finite };

Watch watch(const Node& node, bool may_be_infinite) {
  if (is_constant(node))
    return constant_has(node, [](double x) { return std::isnan(x); }) ? Watch::nan : Watch::nothing;
  if (!holds_floats(node)) return Watch::nothing;
  const Traits& traits = node.op->traits;
  if (traits.keeps_finite && !(traits.nan_at_infinity && may_be_infinite)) return Watch::nothing;
  return may_be_infinite ? Watch::nan : Watch::non_finite;
}

// bool[]: does one of these floats not hold?
Value fails(GraphBuilder& b, Value value, Watch watch) {
  const Value bad = watch == Watch::nan
                        ? build::binary(b, OpId::not_equal, value, value)
                        : build::unary(b, OpId::logical_not, build::unary(b, OpId::is_finite, value));
  const std::vector<int64_t> axes = build::all_axes(b.shape(value));
  return axes.empty() ? bad : build::reduce(b, OpId::any, bad, axes);
}

class Instrumenter {
 public:
  Instrumenter(const Graph& graph, const InfiniteInputs& infinite, bool watch_inputs,
               std::shared_ptr<IdSource> ids = nullptr)
      : graph_(graph),
        infinities_(graph, infinite),
        watch_inputs_(watch_inputs),
        rewriter_(graph, "check-numerics", {.ids = std::move(ids)}) {}

  Graph step() {
    std::vector<Value> bad;
    std::vector<int64_t> numbers;
    for (const auto& [index, flag] : flags()) {
      bad.push_back(build::select(b(), flag, number(0), number(-1)));
      numbers.push_back(numerics_base + index);
    }
    if (const Value status = graph_.status()) {
      const Node& node = graph_.node(status);
      const std::vector<Value> own = rewriter_.map(node.operands);
      const std::vector<int64_t>& checks = node.attributes.integers("checks");
      bad.insert(bad.begin(), own.begin(), own.end());
      numbers.insert(numbers.begin(), checks.begin(), checks.end());
    }
    if (bad.empty()) return graph_;
    b().set_origins({});
    const Value status = b().add(OpId::status, std::move(bad), {{"checks", std::move(numbers)}});
    for (const NamedValue& result : graph_.results())
      b().add_result(result.name, rewriter_.map(result.value));
    for (const Update& update : graph_.updates()) b().add_update(update.input, rewriter_.map(update.value));
    b().set_status(status);
    return std::move(b()).finish();
  }

  // A body with one more result: the number of the first node that fails.
  Graph body() {
    Value first = number(all_finite);
    for (const auto& [index, flag] : flags())
      first = build::binary(b(), OpId::minimum, first,
                            build::select(b(), flag, number(index), number(all_finite)));
    for (const NamedValue& result : graph_.results())
      b().add_result(result.name, rewriter_.map(result.value));
    b().add_result("", first);
    return std::move(b()).finish();
  }

 private:
  GraphBuilder& b() { return rewriter_.builder(); }
  Value number(int64_t value) { return build::constant_integer(b(), Type(ElementType::i64), value); }

  std::vector<std::pair<uint32_t, Value>> flags() {
    std::vector<std::pair<uint32_t, Value>> result;
    for (uint32_t i : rewriter_.live()) {
      const Node& node = graph_.node(i);
      if (node.body) {
        result.emplace_back(i, keep_watched_body(i));
        continue;
      }
      rewriter_.keep(i);
      const Watch watched = is_input(node) && !watch_inputs_ ? Watch::nothing : watch(node, infinities_[i]);
      if (watched == Watch::nothing) continue;
      rewriter_.at(i);
      for (uint32_t r = 0; r < node.types.size(); ++r)
        if (is_float(node.types[r].element))
          result.emplace_back(i, fails(b(), rewriter_.map({i, r}), watched));
    }
    return result;
  }

  Value keep_watched_body(uint32_t index) {
    const Node& node = graph_.node(index);
    auto body = std::make_shared<const Graph>(
        Instrumenter(*node.body, infinities_.body_inputs(node), false, b().ids()).body());
    rewriter_.at(index);
    b().prefer_id(node.id);
    const Value made = b().again(node, rewriter_.map(node.operands), node.attributes, std::move(body));
    std::vector<Value> values;
    for (uint32_t r = 0; r < node.types.size(); ++r) values.push_back({made.node, r});
    rewriter_.replace(index, std::move(values));
    const Value codes{made.node, static_cast<uint32_t>(node.types.size())};
    const Shape& shape = b().shape(codes);
    // A loop of no iterations fails in none.
    const Value first = element_count(shape) == 0
                            ? number(all_finite)
                            : build::reduce(b(), OpId::min, codes, build::all_axes(shape));
    return build::binary(b(), OpId::less, first, number(all_finite));
  }

  const Graph& graph_;
  Infinities infinities_;
  bool watch_inputs_;
  Rewriter rewriter_;
};

}  // namespace

Graph with_numeric_checks(const Graph& graph, const InfiniteInputs& infinite, bool watch_inputs) {
  return Instrumenter(graph, infinite, watch_inputs).step();
}

InfiniteInputs infinite_body_inputs(const Graph& graph, uint32_t index, const InfiniteInputs& infinite) {
  return Infinities(graph, infinite).body_inputs(graph.node(index));
}

std::vector<bool> infinite_results(const Graph& graph) {
  const Infinities infinities(graph, {});
  std::vector<bool> results;
  for (const NamedValue& result : graph.results()) results.push_back(infinities[result.value]);
  return results;
}

Graph check_numerics(const Graph& graph, PassContext&) { return with_numeric_checks(graph); }

}  // namespace gradus
