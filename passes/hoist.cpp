// hoist: moves work out of `scan` that does not depend on its carries.
//
// A value that no step changes is computed once and captured. A product of a step's element by such a value
// (the input projection of a recurrent layer) becomes one product over all steps before the loop, with the
// elementwise work and the shape ops that lead to it; its rows become a sequence. Each output's chain of
// multiply-add stays what it was, so the bits do.
//
// Leaves alone what merely follows from elements without a product behind it (the loop does that as well and
// needs no memory for it), random draws, and whatever depends on the index. A sum that the program itself
// carries from step to step is not made one sum over time: that would be another order, and so other bits
// than the program's own (the adjoint of a weight is one product over time by definition,
// ir/ops/scan_adjoint.cpp). Does nothing while gradient nodes are left.
#include <algorithm>
#include <map>
#include <set>

#include "ir/build.h"
#include "ir/dependence.h"
#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"
#include "passes/fuse/kernel_kind.h"
#include "passes/pass.h"
#include "passes/steps.h"

namespace gradus {

namespace {

class ScanHoist {
 public:
  ScanHoist(Rewriter& rewriter, uint32_t index, const Graph& body)
      : outer_(rewriter.builder()),
        scan_(rewriter.old().node(index)),
        body_(body),
        layout_(scan_),
        operands_(rewriter.map(scan_.operands)) {
    classify();
    choose();
  }

  // The operands and the body of the scan without what was moved; false if nothing was.
  bool run(std::vector<Value>& operands, Attributes& attributes, std::shared_ptr<const Graph>& body) {
    if (hoisted_.empty() || layout_.length < 1) return false;
    mark_used();
    make_moved();
    GraphBuilder builder(body_.name(), {.ids = outer_.ids()});
    declare_inputs(builder, operands, attributes);
    for (uint32_t i = 0; i < body_.size(); ++i) {
      const Node& node = body_.node(i);
      if (!used_[i] || is_input(node) || hoisted_.count(i) > 0) continue;
      std::vector<Value> mapped;
      for (Value operand : node.operands) mapped.push_back(inside(operand));
      const OriginScope scope(builder, body_.origins(i));
      builder.set_derivative(node.derivative);
      builder.prefer_id(node.id);
      inside_[i] = builder.again(node, std::move(mapped)).node;
    }
    for (const NamedValue& result : body_.results()) builder.add_result(result.name, inside(result.value));
    body = std::make_shared<const Graph>(std::move(builder).finish());
    return true;
  }

 private:
  enum class Kind : uint8_t {
    invariant,  // the same in every step
    step,       // of a step's elements, by ops that work on all steps at once
    varying,
  };

  void classify() {
    kinds_.assign(body_.size(), Kind::varying);
    position_.assign(body_.size(), 0);
    for (size_t k = 1; k < body_.inputs().size(); ++k) {
      const uint32_t i = body_.inputs()[k].value.node;
      const size_t operand = position_[i] = layout_.operand_of_input(k);
      if (!layout_.is_carry(operand)) kinds_[i] = layout_.is_sequence(operand) ? Kind::step : Kind::invariant;
    }
    for (uint32_t i = 0; i < body_.size(); ++i) {
      const Node& node = body_.node(i);
      if (is_input(node)) continue;
      bool any_step = false, any_varying = false;
      for (Value operand : node.operands) {
        any_step |= kinds_[operand.node] == Kind::step;
        any_varying |= kinds_[operand.node] == Kind::varying;
      }
      if (any_varying) continue;
      if (!any_step)
        kinds_[i] = Kind::invariant;
      else if (works_on_all_steps(node))
        kinds_[i] = Kind::step;
    }
  }

  bool is_product(const Node& node) const {
    return rule_of(node) == &ScanHoist::product && kinds_[node.operands[0].node] == Kind::step &&
           kinds_[node.operands[1].node] == Kind::invariant && product_over_steps(node);
  }

  // How an op works on all steps at once; null if it does not.
  using StepsRule = Value (ScanHoist::*)(const Node&);
  static StepsRule rule_of(const Node& node) {
    static constexpr std::pair<OpId, StepsRule> rules[] = {{OpId::dot, &ScanHoist::product},
                                                           {OpId::reshape, &ScanHoist::reshape},
                                                           {OpId::broadcast, &ScanHoist::broadcast},
                                                           {OpId::transpose, &ScanHoist::transpose}};
    for (const auto& [op, rule] : rules)
      if (op == node.op->id) return rule;
    return node.op->family == OpFamily::elementwise ? &ScanHoist::elementwise : nullptr;
  }

  bool works_on_all_steps(const Node& node) const {
    if (node.types.size() != 1) return false;
    const StepsRule rule = rule_of(node);
    return rule == &ScanHoist::product ? is_product(node) : rule != nullptr;
  }

  // What moves: products of steps, and the last of the invariant values that cost something.
  void choose() {
    const std::vector<bool> needed =
        needed_by(body_, marked(body_, body_.results()),
                  [&](uint32_t i, size_t) { return kinds_[i] != Kind::invariant || !costs_something(i); });
    for (uint32_t i = 0; i < body_.size(); ++i) {
      const Node& node = body_.node(i);
      if (!needed[i] || is_input(node)) continue;
      const bool value = kinds_[i] == Kind::invariant && costs_something(i);
      if (value || (kinds_[i] == Kind::step && is_product(node))) hoisted_.insert(i);
    }
  }

  // Shape ops and constants are free wherever they are, as long as all that they read is.
  bool costs_something(uint32_t i) const {
    return !is_free(body_.node(i)) && !body_.node(i).operands.empty();
  }

  void mark_used() {
    used_ = needed_by(body_, marked(body_, body_.results()),
                      [&](uint32_t i, size_t) { return hoisted_.count(i) == 0; });
    inside_.assign(body_.size(), Value::none);
  }

  void declare_inputs(GraphBuilder& builder, std::vector<Value>& operands, Attributes& attributes) {
    const auto declare = [&](const Input& input) {
      const uint32_t i = input.value.node;
      const OriginScope scope(builder, body_.origins(i));
      builder.prefer_id(body_.node(i).id);
      inside_[i] = builder.input(input.name, input.kind, body_.node(i).types[0]).node;
    };
    const auto declare_moved = [&](uint32_t i, uint32_t result) {
      const OriginScope scope(builder, body_.origins(i));
      Type type = body_.node(i).types[result];
      if (kinds_[i] == Kind::step) type.layout = {};  // elements of a sequence lie row-major
      moved_[{i, result}] = builder.input(unused_name(i, result), InputKind::data, std::move(type));
    };
    const auto& inputs = body_.inputs();
    declare(inputs[0]);
    size_t at = 1;
    for (; layout_.is_carry(layout_.operand_of_input(at)); ++at) {
      declare(inputs[at]);
      operands.push_back(operands_[layout_.operand_of_input(at)]);
    }
    const auto keep_used = [&](size_t end) {
      for (; at < end; ++at) {
        if (!used_[inputs[at].value.node]) continue;
        declare(inputs[at]);
        operands.push_back(operands_[layout_.operand_of_input(at)]);
      }
    };
    keep_used(layout_.body_input_of(layout_.operand_of_capture(0)));
    for (uint32_t i : hoisted_) {
      if (!used_[i] || kinds_[i] != Kind::step) continue;
      declare_moved(i, 0);
      operands.push_back(over_steps({i, 0}));
    }
    attributes = scan_.attributes;
    attributes.set("sequences", static_cast<int64_t>(operands.size() - layout_.carries));
    keep_used(inputs.size());
    for (uint32_t i : hoisted_) {
      if (!used_[i] || kinds_[i] != Kind::invariant) continue;
      for (uint32_t r = 0; r < body_.node(i).types.size(); ++r) {
        declare_moved(i, r);
        operands.push_back(outside({i, r}));
      }
    }
  }

  std::string unused_name(uint32_t i, uint32_t result) const {
    std::string name = "h" + std::to_string(body_.node(i).id);
    if (result > 0) name += "_" + std::to_string(result);
    const auto taken = [&](const Input& input) { return input.name == name; };
    while (std::any_of(body_.inputs().begin(), body_.inputs().end(), taken)) name += "_";
    return name;
  }

  Value inside(Value value) const {
    const auto it = moved_.find(value);
    return it != moved_.end() ? it->second : Value{inside_[value.node], value.result};
  }

  // Makes what moved outside of the loop, operands first: a chain may be longer than the stack is deep.
  void make_moved() {
    std::vector<bool> alone(body_.size(), false), stacked(body_.size(), false);
    for (uint32_t i : hoisted_)
      if (used_[i]) (kinds_[i] == Kind::invariant ? alone : stacked)[i] = true;
    // A product reads its invariant operand as it is; whatever else reads one reads it of all steps.
    const auto stacks = [&](uint32_t i, size_t k) {
      return kinds_[i] != Kind::invariant && !(k == 1 && is_product(body_.node(i)));
    };
    stacked = needed_by(body_, std::move(stacked), stacks);
    for (uint32_t i = 0; i < body_.size(); ++i) {
      if (!stacked[i]) continue;
      if (kinds_[i] == Kind::invariant)
        alone[i] = true;
      else if (is_product(body_.node(i)))
        alone[body_.node(i).operands[1].node] = true;
    }
    alone = needed_by(body_, std::move(alone));
    outside_.assign(body_.size(), {});
    over_steps_.assign(body_.size(), {});
    for (uint32_t i = 0; i < body_.size(); ++i) {
      if (!alone[i] && !stacked[i]) continue;
      Origins origins = body_.origins(i);
      origins.push_back(Origin::pass("hoist", scan_.id));
      const OriginScope scope(outer_, std::move(origins));
      outer_.set_derivative(scan_.derivative || body_.node(i).derivative);
      if (alone[i]) outside_[i] = made_outside(i);
      if (stacked[i]) over_steps_[i] = made_over_steps(i);
    }
  }

  // An invariant value, outside the loop.
  Value outside(Value value) const {
    const Value made = outside_[value.node];
    return {made.node, made.result + value.result};  // an input has one result
  }

  Value made_outside(uint32_t i) {
    const Node& node = body_.node(i);
    if (is_input(node)) return operands_[position_[i]];
    std::vector<Value> operands;
    for (Value operand : node.operands) operands.push_back(outside(operand));
    return outer_.again(node, std::move(operands));
  }

  Shape with_steps(const Shape& shape) const {
    Shape result{layout_.length};
    result.insert(result.end(), shape.begin(), shape.end());
    return result;
  }

  static std::vector<int64_t> shifted(std::vector<int64_t> axes) {
    for (int64_t& axis : axes) ++axis;
    return axes;
  }

  // A value of all steps, along a new leading axis.
  Value over_steps(Value value) const { return over_steps_[value.node]; }

  Value made_over_steps(uint32_t i) {
    const Node& node = body_.node(i);
    const Shape& shape = node.types[0].shape;
    if (kinds_[i] == Kind::invariant)
      return build::broadcast(outer_, outside({i, 0}), with_steps(shape), shifted(build::all_axes(shape)));
    if (is_input(node)) return operands_[position_[i]];
    return (this->*rule_of(node))(node);
  }

  Value elementwise(const Node& node) {
    std::vector<Value> operands;
    for (Value operand : node.operands) operands.push_back(over_steps(operand));
    return outer_.add(*node.op, std::move(operands), node.attributes);
  }

  Value reshape(const Node& node) {
    return build::reshape(outer_, over_steps(node.operands[0]), with_steps(node.types[0].shape));
  }

  static std::vector<int64_t> dims_with_steps(const Node& node) {
    std::vector<int64_t> dims = shifted(node.attributes.integers("dims"));
    dims.insert(dims.begin(), 0);
    return dims;
  }

  Value broadcast(const Node& node) {
    return build::broadcast(outer_, over_steps(node.operands[0]), with_steps(node.types[0].shape),
                            dims_with_steps(node));
  }

  Value transpose(const Node& node) {
    return build::transpose(outer_, over_steps(node.operands[0]), dims_with_steps(node));
  }

  // Steps are another free axis, which lowering walks together with the rows.
  Value product(const Node& node) {
    return outer_.add(*node.op, {over_steps(node.operands[0]), outside(node.operands[1])},
                      *product_over_steps(node));
  }

  GraphBuilder& outer_;
  const Node& scan_;
  const Graph& body_;
  std::vector<bool> used_;
  const ops::ScanLayout layout_;
  std::vector<Value> operands_;
  std::vector<Kind> kinds_;
  std::vector<size_t> position_;  // of an input among the scan's operands
  std::set<uint32_t> hoisted_;
  std::vector<uint32_t> inside_;  // node of the new body
  std::map<Value, Value> moved_;  // hoisted value to input of the new body
  std::vector<Value> outside_, over_steps_;
};

Graph hoist_scans(const Graph& graph, PassContext& context) {
  Rewriter rewriter(graph, "hoist", {context.memoize, context.node_limit, context.ids});
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (!node.body || is_kernel(node)) {
      rewriter.keep(i);
      continue;
    }
    const auto inner =
        rewriter.rewritten(node.body, [&](const Graph& body) { return hoist_scans(body, context); });
    std::vector<Value> operands;
    Attributes attributes;
    std::shared_ptr<const Graph> body;
    rewriter.at(i);
    if (!is_scan(node) || !ScanHoist(rewriter, i, *inner).run(operands, attributes, body)) {
      rewriter.keep_body(i, inner);
      continue;
    }
    rewriter.at(i);
    rewriter.builder().prefer_id(node.id);
    const Value made =
        rewriter.builder().again(node, std::move(operands), std::move(attributes), std::move(body));
    std::vector<Value> values;
    for (uint32_t r = 0; r < node.types.size(); ++r) values.push_back({made.node, r});
    rewriter.replace(i, std::move(values));
  }
  return std::move(rewriter).finish();
}

}  // namespace

std::optional<Attributes> product_over_steps(const Node& product) {
  const AxisPairs* contract = product.attributes.axis_pairs("contract");
  const AxisPairs* batch = product.attributes.axis_pairs("batch");
  if (!contract || (batch && !batch->left.empty())) return std::nullopt;
  AxisPairs moved = *contract;
  for (int64_t& axis : moved.left) ++axis;
  Attributes attributes = product.attributes;
  attributes.set("contract", std::move(moved));
  return attributes;
}

Graph hoist(const Graph& graph, PassContext& context) {
  return awaits_differentiation(graph) ? graph : hoist_scans(graph, context);
}

}  // namespace gradus
