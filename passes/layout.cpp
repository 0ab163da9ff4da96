// layout: lays operands of contractions out as their tiles read them.
//
// Where a tile's columns would be gathered, or push each other out of the cache, the operand is copied into
// panels first (ir/kernel/panels.h), if the cost of schedules says that this pays. The copy is a kernel of
// one `relayout`: two products with one weight share it, and one that a scan captures is made before the
// loop. Kernels that have a schedule stay as they are. No result depends on it.
#include <algorithm>

#include "ir/build.h"
#include "ir/dependence.h"
#include "ir/kernel/nests.h"
#include "ir/kernel/panels.h"
#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"
#include "passes/fuse/kernel_kind.h"
#include "passes/pass.h"
#include "passes/schedule/choose.h"

namespace gradus {

namespace {

// How an operand is to lie: under a shape in which its columns are one axis.
struct Wanted {
  size_t operand = 0;  // of the contraction
  Shape shape;
  Layout layout;
};

// Axes of the operand of a product that count the columns of its nest, the terms, and the rest.
struct OperandAxes {
  std::vector<size_t> columns, terms, others;
};

OperandAxes axes_of(const Graph& body, const Node& dot, const DotNest& nest, const std::vector<Axis>& axes) {
  OperandAxes found;
  IndexSpace space;  // of the terms, which only have to be told apart
  const std::vector<Axis> terms = make_axes(space, dot_terms(body, dot));
  const DotTuples at = dot_tuples(body, dot, tuple_of(axes), Indices(terms.size(), Index(-1)));
  const Indices& tuple = nest.swapped ? at.left : at.right;
  for (size_t axis = 0; axis < tuple.size(); ++axis) {
    const auto& symbols = nest.columns.symbols;
    const bool is_column = tuple[axis].terms.size() == 1 &&
                           std::count(symbols.begin(), symbols.end(), tuple[axis].terms[0].first) > 0;
    if (is_column) found.columns.push_back(axis);
  }
  const AxisPairs pairs = *dot.attributes.axis_pairs("contract");
  for (const int64_t axis : nest.swapped ? pairs.left : pairs.right)
    found.terms.push_back(static_cast<size_t>(axis));
  for (size_t axis = 0; axis < tuple.size(); ++axis)
    if (std::count(found.columns.begin(), found.columns.end(), axis) == 0 &&
        std::count(found.terms.begin(), found.terms.end(), axis) == 0)
      found.others.push_back(axis);
  return found;
}

// Nothing if the columns are not neighbouring axes of the operand.
std::optional<Wanted> wanted_layout(const Graph& body, const Node& dot, const DotNest& nest,
                                    const std::vector<Axis>& axes, int64_t width) {
  const OperandAxes of = axes_of(body, dot, nest, axes);
  if (of.columns.empty() || of.columns.back() - of.columns.front() + 1 != of.columns.size())
    return std::nullopt;
  Wanted wanted;
  wanted.operand = nest.swapped ? 0 : 1;
  const Shape& shape = body.type(dot.operands[wanted.operand]).shape;
  const size_t first = of.columns.front(), merged = of.columns.size() - 1;
  const auto moved = [&](size_t axis) { return static_cast<int64_t>(axis > first ? axis - merged : axis); };
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (axis <= first || axis > of.columns.back())
      wanted.shape.push_back(shape[axis]);
    else
      wanted.shape[first] *= shape[axis];
  std::vector<int64_t> order;
  for (const size_t axis : of.others) order.push_back(moved(axis));
  order.push_back(static_cast<int64_t>(first));
  for (const size_t axis : of.terms) order.push_back(moved(axis));
  wanted.layout = panel_layout(std::move(order), first, width);
  return wanted;
}

// What the contraction of a kernel wants if it runs so many times on the same operand, of which panels of
// some widths exist.
std::optional<Wanted> wanted_by(const KernelStages& stages, size_t stage, double uses,
                                const std::vector<int64_t>& existing, const Target& target) {
  const int64_t width = wanted_panels(stages, stage, uses, existing, target);
  if (width == 0) return std::nullopt;
  const Graph& body = stages.body();
  const Node& node = body.node(stages.all()[stage].node);
  IndexSpace space;
  const std::vector<Axis> axes = make_axes(space, node.types[0].shape);
  const auto nest = contraction_nest(stages, stage, axes, space);
  if (const auto* dot = std::get_if<DotNest>(&*nest)) return wanted_layout(body, node, *dot, axes, width);
  const auto* convolution = std::get_if<ConvolutionNest>(&*nest);
  if (!convolution) return std::nullopt;
  const Shape& filter = body.type(node.operands[1]).shape;
  return Wanted{1, filter, filter_panels(*convolution, filter, width)};
}

// A copy of one value in a layout: a body of views and a `relayout`, on what the views are of.
struct Copy {
  Value of;  // of the graph around; none if it is of a constant
  std::shared_ptr<const Graph> body;
  Type type;
};

class LayoutPass {
 public:
  // Of the inputs of a body: whether what calls it may lay them out, and whether they are the same values in
  // all of its `runs`.
  struct Outside {
    std::vector<bool> inputs, same_in_all_runs;
    double runs = 1;
  };

  LayoutPass(const Graph& graph, PassContext& context, Outside outside)
      : graph_(graph),
        context_(context),
        options_{true, context.node_limit, context.ids},
        rewriter_(graph, "layout", options_),
        outside_(std::move(outside)) {
    outside_.inputs.resize(graph.inputs().size(), false);
    outside_.same_in_all_runs.resize(graph.inputs().size(), false);
  }

  Graph run() && {
    for (const Input& input : graph_.inputs()) rewriter_.keep(input.value.node);
    for (const uint32_t i : rewriter_.live()) {
      const Node& node = graph_.node(i);
      if (is_input(node)) continue;
      if (is_scan(node))
        scan(i);
      else if (is_call(node))
        call(i);
      else if (!is_kernel(node) || node.attributes.has("schedule") || !kernel(i))
        rewriter_.keep(i);
    }
    return std::move(rewriter_).finish();
  }

 private:
  // The position of the input among those for which this holds.
  std::optional<size_t> input_of(Value value, const std::vector<bool>& holds) const {
    for (size_t k = 0; k < graph_.inputs().size(); ++k)
      if (holds[k] && graph_.inputs()[k].value == value) return k;
    return std::nullopt;
  }
  bool is_same_in_all_runs(Value value) const { return value && input_of(value, outside_.same_in_all_runs); }

  bool kernel(uint32_t i) {
    const Node& node = graph_.node(i);
    const KernelStages stages(*node.body);
    for (size_t stage = 0; stage < stages.all().size(); ++stage) {
      if (stages.all()[stage].kind != StageKind::contraction) continue;
      const uint32_t contraction = stages.all()[stage].node;
      const auto attempt = [&](double uses) {
        std::optional<Wanted> wanted = wanted_by(stages, stage, uses, {}, context_.target);
        if (!wanted) return false;
        std::optional<Copy> copy = copy_of(node, contraction, *wanted);
        if (!copy || (uses > 1 && !is_same_in_all_runs(copy->of))) return false;
        std::vector<int64_t>& widths = widths_[{copy->of, wanted->layout.order}];
        wanted = wanted_by(stages, stage, uses, widths, context_.target);
        copy = copy_of(node, contraction, *wanted);
        widths.push_back(panel_strides(copy->type).value().width);
        rewriter_.at(i);
        replace(i, contraction, *wanted, laid_out(*copy));
        return true;
      };
      if (attempt(1) || (outside_.runs > 1 && attempt(outside_.runs))) return true;
    }
    return false;
  }

  // Of the operand of the contraction; nothing if loops of the kernel compute it.
  std::optional<Copy> copy_of(const Node& kernel, uint32_t contraction, const Wanted& wanted) const {
    const Graph& body = *kernel.body;
    std::vector<Value> views;
    Value at = body.node(contraction).operands[wanted.operand];
    while (body.node(at).op->view) {
      views.push_back(at);
      at = body.node(at).operands[0];
    }
    const Node& source = body.node(at);
    if (!is_input(source) && !is_constant(source)) return std::nullopt;
    GraphBuilder builder("kernel", options_);
    builder.reserve_ids(graph_.next_id());
    Copy copy;
    Value value;
    if (is_constant(source)) {
      value = builder.again(source, {});
    } else {
      value = builder.input("a0", InputKind::data, body.type(at));
      for (size_t k = 0; k < body.inputs().size(); ++k)
        if (body.inputs()[k].value == at) copy.of = kernel.operands[k];
    }
    for (size_t k = views.size(); k-- > 0;) value = builder.again(body.node(views[k]), {value});
    value = build::relayout(builder, build::reshape(builder, value, wanted.shape), wanted.layout);
    builder.add_result("", value);
    copy.type = builder.type(value);
    copy.body = std::make_shared<const Graph>(std::move(builder).finish());
    return copy;
  }

  // The copy as a value of the new graph: an input of it, or a kernel here.
  Value laid_out(const Copy& copy) {
    const std::optional<size_t> input = copy.of ? input_of(copy.of, outside_.inputs) : std::nullopt;
    if (!input)
      return rewriter_.builder().add(
          OpId::kernel, copy.of ? std::vector<Value>{rewriter_.map(copy.of)} : std::vector<Value>{},
          {{"kind", std::string(name(KernelKind::alone))}}, copy.body);
    for (const AddedInput& known : added_)
      if (known.input == *input && same_structure(*known.body, *copy.body)) return known.value;
    const Value value =
        rewriter_.builder().input("panels" + std::to_string(added_.size()), InputKind::data, copy.type);
    added_.push_back({*input, copy.body, copy.type, value});
    return value;
  }

  // The kernel again, its contraction on `value` instead.
  void replace(uint32_t i, uint32_t contraction, const Wanted& wanted, Value value) {
    const Node& node = graph_.node(i);
    const Graph& body = *node.body;
    const std::vector<bool> needed = needed_by(
        body, marked(body, body.results()),
        [&](uint32_t user, size_t operand) { return user != contraction || operand != wanted.operand; });
    GraphBuilder builder("kernel", options_);
    builder.reserve_ids(graph_.next_id());
    std::vector<Value> operands;
    std::map<Value, Value> made;
    for (size_t k = 0; k < body.inputs().size(); ++k) {
      const Input& input = body.inputs()[k];
      if (!needed[input.value.node]) continue;
      builder.set_origins(body.origins(input.value.node));
      made[input.value] = builder.input(input.name, input.kind, body.type(input.value));
      operands.push_back(rewriter_.map(node.operands[k]));
    }
    const Value panels = builder.input("panels", InputKind::data, rewriter_.builder().type(value));
    operands.push_back(value);
    for (uint32_t k = 0; k < body.size(); ++k) {
      const Node& old = body.node(k);
      if (!needed[k] || is_input(old)) continue;
      builder.set_origins(body.origins(k));
      builder.set_derivative(old.derivative);
      std::vector<Value> own;
      for (size_t operand = 0; operand < old.operands.size(); ++operand)
        own.push_back(k == contraction && operand == wanted.operand
                          ? build::reshape(builder, panels, body.type(old.operands[operand]).shape)
                          : made.at(old.operands[operand]));
      builder.prefer_id(old.id);
      const Value again = builder.again(old, std::move(own));
      for (uint32_t r = 0; r < old.types.size(); ++r) made[{k, r}] = {again.node, r};
    }
    for (const NamedValue& result : body.results()) builder.add_result(result.name, made.at(result.value));
    rewriter_.keep_on(i, std::move(operands), std::make_shared<const Graph>(std::move(builder).finish()));
  }

  struct AddedInput {
    size_t input;  // of the graph, whose value is laid out outside
    std::shared_ptr<const Graph> body;
    Type type;
    Value value;  // of the new graph
  };
  struct LaidOutBody {
    std::shared_ptr<const Graph> body;
    std::vector<AddedInput> added;
  };

  LaidOutBody laid_out_body(const Graph& body, Outside outside) const {
    LayoutPass inner(body, context_, std::move(outside));
    LaidOutBody made;
    made.body = std::make_shared<const Graph>(std::move(inner).run());
    made.added = std::move(inner.added_);
    return made;
  }

  // The node on its operands and on copies of them. `operand_of`: by input of the body.
  void keep_laid_out(uint32_t i, const LaidOutBody& made, size_t (*operand_of)(size_t)) {
    const Node& node = graph_.node(i);
    std::vector<Value> operands = rewriter_.map(node.operands);
    rewriter_.at(i);
    for (const AddedInput& added : made.added)
      operands.push_back(laid_out({node.operands[operand_of(added.input)], added.body, added.type}));
    rewriter_.keep_on(i, std::move(operands), made.body);
  }

  void scan(uint32_t i) {
    const Node& node = graph_.node(i);
    const ops::ScanLayout layout(node);
    Outside outside;
    for (size_t k = 0; k < node.body->inputs().size(); ++k)
      outside.inputs.push_back(k >= ops::ScanLayout::body_input_of(layout.operand_of_capture(0)));
    outside.same_in_all_runs = outside.inputs;
    outside.runs = outside_.runs * static_cast<double>(std::max<int64_t>(1, layout.length));
    keep_laid_out(i, laid_out_body(*node.body, std::move(outside)), ops::ScanLayout::operand_of_input);
  }

  // All calls of a body lay out for it: those with the same weight share the copy.
  void call(uint32_t i) {
    const std::shared_ptr<const Graph>& body = graph_.node(i).body;
    const auto [known, is_first] = called_.try_emplace(body.get());
    if (is_first) {
      Outside outside{std::vector<bool>(body->inputs().size(), true),
                      std::vector<bool>(body->inputs().size(), true), outside_.runs};
      for (const uint32_t other : rewriter_.live())
        for (size_t k = 0; graph_.node(other).body == body && k < outside.inputs.size(); ++k)
          if (!is_same_in_all_runs(graph_.node(other).operands[k])) outside.same_in_all_runs[k] = false;
      known->second = laid_out_body(*body, std::move(outside));
    }
    keep_laid_out(i, known->second, [](size_t input) { return input; });
  }

  const Graph& graph_;
  PassContext& context_;
  BuilderOptions options_;
  Rewriter rewriter_;
  Outside outside_;
  std::vector<AddedInput> added_;
  std::map<const Graph*, LaidOutBody> called_;  // by the body of the calls
  // Of copies that were made, by what they are of and the order of its axes: another product takes one of
  // them rather than a copy of its own if that is cheaper.
  std::map<std::pair<Value, std::vector<int64_t>>, std::vector<int64_t>> widths_;
};

}  // namespace

Graph layout(const Graph& graph, PassContext& context) { return LayoutPass(graph, context, {}).run(); }

}  // namespace gradus
