// The adjoint of a scan: a scan that runs against it.
//
// It carries the adjoints of the primal carries and the sums of the captures' adjoints; its sequences are the
// histories, the primal sequences and the adjoints of histories and outputs; its outputs are the adjoints of
// the sequences' elements. Integers have no adjoint.
//
// A weight, which is a capture that the body reads in products only, needs no sum: its adjoint is one product
// over (step, rows) behind the loop, by ascending index, of what each step multiplied the weight by and of
// the adjoint of what came out. Where that is much more than the weight itself, the loop adds up all the
// same: this rule is part of what a scan's derivative means, since it decides the order of a sum.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "ir/build.h"
#include "ir/dependence.h"
#include "ir/op.h"
#include "ir/ops/body.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"

namespace gradus::ops {

namespace {

// A product of the primal body that reads a weight.
struct WeightProduct {
  size_t weight;   // operand of the scan
  uint32_t node;   // of the primal body
  size_t operand;  // of that node: the weight
  Value factor(const Graph& body) const { return body.node(node).operands[1 - operand]; }
};

bool has_batch_axes(const Node& dot) {
  const AxisPairs* batch = dot.attributes.axis_pairs("batch");
  return batch && !batch->left.empty();
}

// Of every node, whether a step's value may differ from another step's.
std::vector<bool> varying_nodes(const Graph& body, const ScanLayout& layout) {
  std::vector<bool> varying(body.size(), false);
  for (size_t i = 0; i < layout.body_input_of(layout.operand_of_capture(0)); ++i)
    varying[body.inputs()[i].value.node] = true;
  return dependent_on(body, std::move(varying));
}

// Whether a step's factors and results are few beside the weight, which a loop that adds up would read and
// write.
bool are_worth_keeping(const Graph& body, const std::vector<WeightProduct>& products, Value weight) {
  constexpr double most = 4;
  double elements = 0;
  for (const WeightProduct& product : products) {
    elements += static_cast<double>(element_count(body.node(product.node).types[0].shape));
    if (body.node(product.factor(body)).op->id != OpId::input)  // inputs have their histories
      elements += static_cast<double>(element_count(body.type(product.factor(body)).shape));
  }
  return elements <= most * static_cast<double>(element_count(body.type(weight).shape));
}

// For each capture the products that read it, where nothing else does; empty for the others.
std::vector<std::vector<WeightProduct>> weight_products(const Graph& body, const ScanLayout& layout) {
  const std::vector<bool> live = live_nodes(body), varying = varying_nodes(body, layout);
  std::vector<std::vector<WeightProduct>> products(layout.captures);
  if (has_gradient(body)) return products;  // it reads what it differentiates through, unseen
  for (size_t i = 0; i < layout.captures; ++i) {
    const size_t weight = layout.operand_of_capture(i);
    const Value input = body.inputs()[layout.body_input_of(weight)].value;
    bool only_products = std::none_of(body.results().begin(), body.results().end(),
                                      [&](const NamedValue& result) { return result.value == input; });
    for (uint32_t user = input.node + 1; user < body.size() && only_products; ++user) {
      const Node& node = body.node(user);
      const auto reads = std::count(node.operands.begin(), node.operands.end(), input);
      if (!live[user] || reads == 0) continue;
      const size_t operand = node.operands[0] == input ? 0 : 1;
      only_products = reads == 1 && node.op->id == OpId::dot && !has_batch_axes(node) &&
                      varying[node.operands[1 - operand].node];
      products[i].push_back({weight, user, operand});
    }
    if (!only_products || !are_worth_keeping(body, products[i], input)) products[i].clear();
  }
  return products;
}

std::vector<int64_t> behind_steps(std::vector<int64_t> axes) {
  for (int64_t& axis : axes) ++axis;
  return axes;
}

class AdjointScan {
 public:
  explicit AdjointScan(const GradientUse& use)
      : use_(use),
        layout_(use.node),
        primal_(*use.node.body),
        body_(primal_.name() + "_adjoint", {.ids = use.builder.ids()}),
        products_(weight_products(primal_, layout_)),
        adjoints_(use.node.operands.size()) {
    // Its inputs and sums come from the rule; what comes from a node of the primal body says so itself.
    body_.set_origins(use.builder.current_origins());
  }

  std::vector<Value> run() {
    declare_inputs();
    std::vector<Value> by{index_};
    for (const auto* part : {&carry_values_, &elements_, &captures_})
      by.insert(by.end(), part->begin(), part->end());
    const InlinedBody primal(body_, primal_, by);
    for (auto& products : products_) {
      // Products that are one value have one adjoint.
      std::set<Value> seen;
      std::erase_if(products, [&](const WeightProduct& product) {
        return !seen.insert(primal({product.node, 0})).second;
      });
      for (const WeightProduct& product : products) by.push_back(primal({product.node, 0}));
    }
    const std::vector<Value> derivatives =
        vector_jacobian_product(body_, primal.results(), result_adjoints_, by);
    const size_t inputs = primal_.inputs().size();
    yield({derivatives.begin(), derivatives.begin() + static_cast<std::ptrdiff_t>(inputs)});
    size_t next = inputs;
    for (const auto& products : products_)
      for (const WeightProduct& product : products) yield(product, primal, derivatives[next++]);
    make_scan();
    return std::move(adjoints_);
  }

 private:
  // What a result of the adjoint scan, or of the loop behind it, is.
  struct Output {
    Value of_body;
    size_t operand;  // whose adjoint it is
  };
  struct Term {
    WeightProduct product;
    Value factor;              // of all steps, outside; none: output `factor_output`
    size_t factor_output = 0;  // among the outputs
    size_t adjoint_output = 0;
  };

  // What is cut into steps lies row-major, wherever it came from.
  Type operand_type(size_t i) const {
    const Type& type = use_.builder.type(use_.operand(i));
    return {type.element, type.shape};
  }
  bool differentiable(size_t operand) const {
    return is_float(operand_type(operand).element) && use_.wants(operand);
  }

  Value sequence(const std::string& name, Value operand) {
    Type type = use_.builder.type(operand);
    type.shape.erase(type.shape.begin());
    type.layout = {};
    sequences_.push_back(operand);
    return body_.input(name, InputKind::data, std::move(type));
  }

  // In the order of a scan's body inputs: index, carries, elements, captures.
  void declare_inputs() {
    index_ = body_.input("index", InputKind::data, Type(ElementType::i64));
    declare_carries();
    declare_sums();
    declare_sequences();
    for (size_t i = 0; i < layout_.captures; ++i) {
      const Value operand = use_.operand(layout_.operand_of_capture(i));
      capture_operands_.push_back(operand);
      captures_.push_back(
          body_.input(fmt::format("capture{}", i), InputKind::data, use_.builder.type(operand)));
    }
  }

  void declare_carries() {
    result_adjoints_.resize(layout_.carries + layout_.outputs);
    for (size_t i = 0; i < layout_.carries; ++i) {
      if (!is_float(operand_type(i).element)) continue;
      const Value last = use_.adjoint(i);
      initial_.push_back(last ? last : build::zeros_like(use_.builder, use_.operand(i)));
      result_adjoints_[i] = body_.input(fmt::format("carry_adjoint{}", i), InputKind::data, operand_type(i));
    }
  }

  void declare_sums() {
    sums_.resize(layout_.captures);
    for (size_t i = 0; i < layout_.captures; ++i) {
      const size_t operand = layout_.operand_of_capture(i);
      if (!differentiable(operand)) products_[i].clear();
      if (!differentiable(operand) || !products_[i].empty()) continue;
      initial_.push_back(build::zeros_like(use_.builder, use_.operand(operand)));
      sums_[i] = body_.input(fmt::format("capture_adjoint{}", i), InputKind::data, operand_type(operand));
    }
  }

  void declare_sequences() {
    histories_ = every_history();
    for (size_t i = 0; i < layout_.carries; ++i)
      carry_values_.push_back(sequence(fmt::format("carry{}", i), histories_[i]));
    for (size_t i = 0; i < layout_.sequences; ++i)
      elements_.push_back(
          sequence(fmt::format("element{}", i), use_.operand(layout_.operand_of_sequence(i))));
    history_adjoints_.resize(layout_.histories.size());
    for (size_t i = 0; i < layout_.histories.size(); ++i)
      if (const Value adjoint = use_.adjoint(layout_.result_of_history(i)))
        history_adjoints_[i] = sequence(fmt::format("history_adjoint{}", i), adjoint);
    for (size_t i = 0; i < layout_.outputs; ++i)
      if (const Value adjoint = use_.adjoint(layout_.result_of_output(i)))
        result_adjoints_[layout_.body_result_of_output(i)] =
            sequence(fmt::format("output_adjoint{}", i), adjoint);
  }

  // Every carry's history: the scan's own, or, if a text gave it fewer, those of a copy that keeps them all.
  std::vector<Value> every_history() {
    std::vector<Value> histories(layout_.carries);
    for (size_t i = 0; i < layout_.histories.size(); ++i)
      histories[static_cast<size_t>(layout_.histories[i])] = use_.result(layout_.result_of_history(i));
    if (std::all_of(histories.begin(), histories.end(), [](Value v) { return static_cast<bool>(v); }))
      return histories;
    ScanLayout all = layout_;
    all.keep_every_history();
    const Value scan = use_.builder.add(OpId::scan, use_.node.operands, all.attributes(), use_.node.body);
    for (size_t i = 0; i < layout_.carries; ++i)
      histories[i] = {scan.node, static_cast<uint32_t>(all.result_of_history(i))};
    return histories;
  }

  // `gradients` by primal body input: index, carries, elements, captures.
  void yield(const std::vector<Value>& gradients) {
    for (size_t i = 0; i < layout_.carries; ++i) {
      if (!is_float(operand_type(i).element)) continue;
      Value adjoint = gradients[layout_.body_input_of(i)];
      for (size_t h = 0; h < layout_.histories.size(); ++h)
        if (history_adjoints_[h] && layout_.histories[h] == static_cast<int64_t>(i))
          adjoint = adjoint ? build::add(body_, adjoint, history_adjoints_[h]) : history_adjoints_[h];
      carried_.push_back({adjoint ? adjoint : build::zeros_like(body_, carry_values_[i]), i});
    }
    for (size_t i = 0; i < layout_.captures; ++i) {
      if (!sums_[i]) continue;
      const size_t operand = layout_.operand_of_capture(i);
      const Value term = gradients[layout_.body_input_of(operand)];
      carried_.push_back({term ? build::add(body_, sums_[i], term) : sums_[i], operand});
    }
    for (size_t i = 0; i < layout_.sequences; ++i) {
      const size_t operand = layout_.operand_of_sequence(i);
      const Value adjoint = gradients[layout_.body_input_of(operand)];
      if (adjoint && use_.wants(operand)) outputs_.push_back({adjoint, operand});
    }
  }

  void yield(const WeightProduct& product, const InlinedBody& primal, Value adjoint) {
    if (!adjoint) return;  // the product's result reaches nothing
    Term term{product, factor_of_all_steps(product.factor(primal_))};
    if (!term.factor) {
      term.factor_output = stacked_.size();
      stacked_.push_back(primal(product.factor(primal_)));
    }
    term.adjoint_output = stacked_.size();
    stacked_.push_back(adjoint);
    terms_.push_back(term);
  }

  // Carries and elements are there already.
  Value factor_of_all_steps(Value factor) const {
    for (size_t operand = 0; operand < layout_.operand_of_capture(0); ++operand)
      if (primal_.inputs()[layout_.body_input_of(operand)].value == factor)
        return layout_.is_carry(operand) ? histories_[operand] : use_.operand(operand);
    return {};
  }

  void make_scan() {
    for (const Output& carry : carried_) body_.add_result("", carry.of_body);
    for (const Output& output : outputs_) body_.add_result("", output.of_body);
    for (Value value : stacked_) body_.add_result("", value);
    ScanLayout layout;
    layout.carries = initial_.size();
    layout.sequences = sequences_.size();
    layout.captures = capture_operands_.size();
    layout.outputs = outputs_.size() + stacked_.size();
    layout.length = layout_.length;
    layout.reverse = !layout_.reverse;
    layout.keep_every_history();
    std::vector<Value> operands = initial_;
    operands.insert(operands.end(), sequences_.begin(), sequences_.end());
    operands.insert(operands.end(), capture_operands_.begin(), capture_operands_.end());
    const Value scan = use_.builder.add(OpId::scan, std::move(operands), layout.attributes(),
                                        std::make_shared<const Graph>(std::move(body_).finish()));
    const auto output = [&](size_t i) {
      return Value{scan.node, static_cast<uint32_t>(layout.result_of_output(i))};
    };
    for (size_t i = 0; i < carried_.size(); ++i)
      adjoints_[carried_[i].operand] = {scan.node, static_cast<uint32_t>(i)};
    for (size_t i = 0; i < outputs_.size(); ++i) adjoints_[outputs_[i].operand] = output(i);
    for (const Term& term : terms_) {
      const Value factor = term.factor ? term.factor : output(outputs_.size() + term.factor_output);
      const Value part = over_all_steps(term.product, factor, output(outputs_.size() + term.adjoint_output));
      Value& sum = adjoints_[term.product.weight];
      sum = sum ? build::add(use_.builder, sum, part) : part;
    }
  }

  // The adjoint of a weight by the product of all steps at once: steps are one more free axis of the factor.
  Value over_all_steps(const WeightProduct& product, Value factor, Value adjoint) const {
    GraphBuilder& b = use_.builder;
    const Value weight = use_.operand(product.weight);
    Node all = primal_.node(product.node);
    all.operands[product.operand] = weight;
    all.operands[1 - product.operand] = factor;
    AxisPairs contract = *all.attributes.axis_pairs("contract");
    auto& of_factor = product.operand == 1 ? contract.left : contract.right;
    of_factor = behind_steps(std::move(of_factor));
    // A product has the first operand's free axes before the second's.
    if (product.operand == 0) adjoint = steps_behind(adjoint, b.shape(weight).size() - of_factor.size());
    all.attributes.set("contract", std::move(contract));
    const GradientUse use{b, std::move(all), use_.index, {adjoint}, {}};
    return std::get<Transpose>(use.node.op->differentiation).apply(use, product.operand);
  }

  // The leading axis behind the `count` ones that follow it.
  Value steps_behind(Value value, size_t count) const {
    std::vector<int64_t> dims = build::all_axes(use_.builder.shape(value));
    std::rotate(dims.begin(), dims.begin() + 1, dims.begin() + 1 + static_cast<std::ptrdiff_t>(count));
    return build::transpose(use_.builder, value, std::move(dims));
  }

  const GradientUse& use_;
  ScanLayout layout_;
  const Graph& primal_;
  GraphBuilder body_;
  std::vector<std::vector<WeightProduct>> products_;
  // Of the graph that is built.
  std::vector<Value> initial_, sequences_, capture_operands_, histories_, adjoints_;
  // Of the body.
  Value index_;
  std::vector<Value> carry_values_, elements_, captures_;
  std::vector<Value> result_adjoints_, history_adjoints_, sums_, stacked_;
  std::vector<Output> carried_, outputs_;
  std::vector<Term> terms_;
};

}  // namespace

std::vector<Value> scan_adjoint(const GradientUse& use) { return AdjointScan(use).run(); }

}  // namespace gradus::ops
