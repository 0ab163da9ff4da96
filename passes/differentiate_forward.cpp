// differentiate-forward: expands `gradient` nodes by forward mode, one tangent an element of x.
//
// Walks once from x up to y for each element: elementwise ops by their partial derivatives, linear ops by
// themselves, everything else by the transpose of its adjoint rule (the adjoint is linear in what comes from
// above, so that its derivative by that is the tangent). It is there to be compared with reverse mode and to
// be looked at: not part of the pipeline, and bounded to few elements, since work grows with their number.
//
// Second derivatives go through ops with partials and linear ops only. It does not simplify.
#include <fmt/format.h>

#include <map>

#include "ir/build.h"
#include "ir/op.h"
#include "ir/structure.h"
#include "passes/chain_product.h"
#include "passes/pass.h"

namespace gradus {

namespace {

constexpr int64_t most_elements = 1000;

// The derivative of values of a graph in the making along one direction.
class ForwardMode {
 public:
  ForwardMode(GraphBuilder& builder, ChainProduct& product, int64_t& next_mark)
      : builder_(builder), product_(product), next_mark_(next_mark) {}

  // The change of y when x changes by `tangent`; none if it does not depend on x.
  Value run(Value y, Value x, Value tangent) {
    tangents_.clear();
    tangents_[x] = tangent;
    for (uint32_t i = x.node + 1; i <= y.node; ++i) {
      const Node node = builder_.node(i);
      bool any = false;
      for (Value operand : node.operands) any = any || tangents_.count(operand) > 0;
      if (!any || tangents_.count({i, 0}) > 0) continue;
      GradientUse use{builder_, node, i, {}, {}};
      const OriginScope scope(builder_, rule_origins(i));
      std::visit([&](const auto& rule) { apply(use, rule); }, node.op->differentiation);
    }
    const auto it = tangents_.find(y);
    return it == tangents_.end() ? Value{} : it->second;
  }

 private:
  Origins rule_origins(uint32_t i) const {
    Origins origins = builder_.origins({i, 0});
    const Node& node = builder_.node(i);
    origins.push_back(Origin::rule(std::string(node.op->name), -1, node.id));
    return origins;
  }

  Value tangent(Value value) const {
    const auto it = tangents_.find(value);
    return it == tangents_.end() ? Value{} : it->second;
  }

  void add(Value result, Value term) {
    const auto [it, fresh] = tangents_.try_emplace(result, term);
    if (!fresh) it->second = build::add(builder_, it->second, term);
  }

  void apply(const GradientUse& use, const NotDifferentiable& rule) const {
    fail_program(
        fmt::format("'{}' is not differentiable in forward mode: {}", use.node.op->name, rule.reason),
        place_of(builder_.origins({use.index, 0})), "stop_gradient(…) keeps a value out of the derivative");
  }

  void apply(const GradientUse&, const PiecewiseConstant&) const {}

  void apply(const GradientUse& use, const Partials& rule) {
    for (size_t i = 0; i < use.node.operands.size(); ++i) {
      const Value change = tangent(use.operand(i));
      if (change && i < rule.by_operand.size() && rule.by_operand[i])
        add(use.result(), product_(change, rule.by_operand[i](use)));
    }
  }

  // Contractions are linear in each operand by itself, other linear ops in all of them together.
  void apply(const GradientUse& use, const Transpose& rule) {
    std::vector<Value> together = use.node.operands;
    bool any = false;
    for (size_t i : rule.operands) {
      const Value change = tangent(use.operand(i));
      any = any || change;
      together[i] = change ? change : build::zeros_like(builder_, use.operand(i));
      if (!change || use.node.op->family != OpFamily::contraction) continue;
      std::vector<Value> operands = use.node.operands;
      operands[i] = change;
      add(use.result(), builder_.add(*use.node.op, std::move(operands), use.node.attributes, use.node.body));
    }
    if (any && use.node.op->family != OpFamily::contraction)
      add(use.result(), builder_.add(*use.node.op, std::move(together), use.node.attributes, use.node.body));
  }

  // ⟨adjoint rule(u), tangents⟩ is linear in u; its gradient by u is the tangent of the results.
  void apply(GradientUse& use, const Adjoint& rule) {
    std::vector<uint32_t> results;
    std::vector<Value> us;
    use.adjoints.resize(use.node.types.size());
    for (uint32_t r = 0; r < use.node.types.size(); ++r) {
      if (!is_float(use.node.types[r].element)) continue;
      use.adjoints[r] =
          builder_.add(OpId::mark, {build::constant(builder_, use.node.types[r], 0)}, {{"id", next_mark_++}});
      results.push_back(r);
      us.push_back(use.adjoints[r]);
    }
    const std::vector<Value> flow = rule.apply(use);
    Value total;
    for (size_t i = 0; i < flow.size() && i < use.node.operands.size(); ++i) {
      const Value change = tangent(use.operand(i));
      if (!change || !flow[i]) continue;
      const Value term = build::sum_all(builder_, build::mul(builder_, flow[i], change));
      total = total ? build::add(builder_, total, build::cast(builder_, builder_.type(total).element, term))
                    : term;
    }
    if (!total || us.empty()) return;
    const Value made = build::gradient(builder_, total, us);
    for (uint32_t k = 0; k < us.size(); ++k) add(use.result(results[k]), {made.node, k});
  }

  GraphBuilder& builder_;
  ChainProduct& product_;
  int64_t& next_mark_;
  std::map<Value, Value> tangents_;
};

Value unit(GraphBuilder& b, const Type& type, int64_t element) {
  std::vector<double> numbers(static_cast<size_t>(element_count(type.shape)), 0);
  numbers[static_cast<size_t>(element)] = 1;
  return build::constant_values(b, type, std::move(numbers));
}

Value slope(GraphBuilder& b, ChainProduct& product, int64_t& next_mark, Value y, Value x) {
  const Type type = b.type(x);
  const int64_t count = element_count(type.shape);
  std::vector<Value> parts;
  for (int64_t k = 0; k < count; ++k) {
    const Value direction = type.shape.empty() ? build::ones_like(b, x) : unit(b, type, k);
    Value change = ForwardMode(b, product, next_mark).run(y, x, direction);
    if (!change) return build::zeros_like(b, x);
    change = build::cast(b, type.element, build::sum_all(b, change));
    parts.push_back(build::reshape(b, change, {1}));
  }
  if (parts.empty()) return build::zeros_like(b, x);
  const Value joined = parts.size() == 1 ? parts[0] : build::concat(b, parts, 0);
  return build::reshape(b, joined, type.shape);
}

void expand(Rewriter& rewriter, uint32_t index, ChainProduct& product, int64_t& next_mark) {
  const Node& node = rewriter.old().node(index);
  rewriter.at(index);
  const DerivativeScope scope(rewriter.builder());
  const std::vector<Value> operands = rewriter.map(node.operands);
  int64_t count = 0;
  for (const Type& type : node.types) count += element_count(type.shape);
  if (count > most_elements)
    fail_program(fmt::format("forward mode by {} elements; it takes at most {}", count, most_elements),
                 place_of(rewriter.old().origins(index)),
                 "`differentiate` takes all of them at once, by reverse mode");
  std::vector<Value> values;
  for (size_t i = 1; i < operands.size(); ++i)
    values.push_back(slope(rewriter.builder(), product, next_mark, operands[0], operands[i]));
  rewriter.replace(index, std::move(values));
}

}  // namespace

Graph differentiate_forward(const Graph& graph, PassContext& context) {
  int64_t next_mark = 0;
  for (uint32_t i = 0; i < graph.size(); ++i)
    if (is_mark(graph.node(i)))
      next_mark = std::max(next_mark, graph.node(i).attributes.integer_or("id", 0) + 1);
  Rewriter rewriter(graph, "differentiate-forward", {context.memoize, context.node_limit, context.ids});
  ChainProduct product(rewriter.builder(), false);
  for (uint32_t i : rewriter.live()) {
    if (is_gradient(graph.node(i)))
      expand(rewriter, i, product, next_mark);
    else
      rewriter.keep(i);
  }
  // What adjoint rules left, and the bodies.
  return differentiate(std::move(rewriter).finish(), context);
}

}  // namespace gradus
