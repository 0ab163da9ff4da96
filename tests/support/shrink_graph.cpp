#include <fmt/format.h>

#include <cmath>
#include <optional>

#include "ir/dependence.h"
#include "ir/op.h"
#include "ir/text/print.h"
#include "tests/support/random_graph.h"

namespace gradus::testing {

namespace {

using evaluate::Array;

// One way to make a graph smaller.
struct Edit {
  std::optional<size_t> without_result = {};
  std::optional<size_t> without_update = {};
  std::optional<uint32_t> cut = {};    // this node's results become inputs
  std::optional<size_t> operand = {};  // with `cut`: they become this operand instead
};

using NodeValues = std::vector<std::vector<Array<double>>>;

std::vector<bool> needed_nodes(const Graph& graph, const Edit& edit) {
  std::vector<bool> needed(graph.size());
  for (size_t i = 0; i < graph.results().size(); ++i)
    if (edit.without_result != i) needed[graph.results()[i].value.node] = true;
  for (size_t i = 0; i < graph.updates().size(); ++i) {
    if (edit.without_update == i) continue;
    needed[graph.updates()[i].value.node] = true;
    needed[graph.inputs()[graph.updates()[i].input].value.node] = true;
  }
  if (graph.status()) needed[graph.status().node] = true;
  return needed_by(graph, std::move(needed),
                   [&](uint32_t i, size_t k) { return edit.cut != i || edit.operand == k; });
}

// Builds what an edit leaves; inputs that nothing needs go.
class Smaller {
 public:
  Smaller(const RandomGraph& from, const NodeValues& values, Edit edit)
      : from_(from), values_(values), edit_(edit), b_(from.graph.name(), {.memoize = false}) {}

  RandomGraph build() {
    const Graph& graph = from_.graph;
    const std::vector<bool> needed = needed_nodes(graph, edit_);
    mapped_.resize(graph.size());
    for (uint32_t i = 0; i < graph.size(); ++i)
      if (needed[i]) copy(i);
    for (size_t i = 0; i < graph.results().size(); ++i)
      if (edit_.without_result != i) b_.add_result(graph.results()[i].name, map(graph.results()[i].value));
    for (size_t i = 0; i < graph.updates().size(); ++i) {
      if (edit_.without_update == i) continue;
      const Value input = map(graph.inputs()[graph.updates()[i].input].value);
      b_.add_update(static_cast<uint32_t>(b_.node(input).attributes.integer("index")),
                    map(graph.updates()[i].value));
    }
    if (graph.status()) b_.set_status(map(graph.status()));
    return {std::move(b_).finish(), std::move(inputs_)};
  }

 private:
  Value map(Value value) const { return mapped_[value.node][value.result]; }

  void copy(uint32_t i) {
    const Node& node = from_.graph.node(i);
    if (node.op->id == OpId::input) {
      const auto index = static_cast<size_t>(node.attributes.integer("index"));
      const Input& input = from_.graph.inputs()[index];
      mapped_[i] = {b_.input(input.name, input.kind, node.types[0])};
      inputs_.push_back(from_.inputs[index]);
    } else if (edit_.cut == i && edit_.operand) {
      mapped_[i] = {map(node.operands[*edit_.operand])};
    } else if (edit_.cut == i) {
      for (size_t r = 0; r < node.types.size(); ++r) {
        mapped_[i].push_back(b_.input(fmt::format("cut{}_{}", node.id, r), InputKind::data, node.types[r]));
        inputs_.push_back(values_[i][r]);
      }
    } else {
      std::vector<Value> operands;
      for (const Value operand : node.operands) operands.push_back(map(operand));
      b_.prefer_id(node.id);
      const Value made = b_.again(node, std::move(operands));
      for (uint32_t r = 0; r < node.types.size(); ++r) mapped_[i].push_back({made.node, r});
    }
  }

  const RandomGraph& from_;
  const NodeValues& values_;
  Edit edit_;
  GraphBuilder b_;
  std::vector<std::vector<Value>> mapped_;
  std::vector<Array<double>> inputs_;
};

bool finite(const std::vector<Array<double>>& arrays) {
  for (const Array<double>& array : arrays)
    for (const double number : array.floats)
      if (!std::isfinite(number)) return false;
  return true;
}

std::vector<Edit> edits_of(const Graph& graph, const NodeValues& values) {
  std::vector<Edit> edits;
  for (size_t i = graph.results().size(); i-- > 0;)
    if (graph.results().size() + graph.updates().size() > 1) edits.push_back({.without_result = i});
  for (size_t i = graph.updates().size(); i-- > 0;)
    if (graph.results().size() + graph.updates().size() > 1) edits.push_back({.without_update = i});
  for (auto i = static_cast<uint32_t>(graph.size()); i-- > 0;) {
    const Node& node = graph.node(i);
    if (node.op->id == OpId::input || node.op->id == OpId::constant || values[i].empty()) continue;
    if (node.types.size() == 1)
      for (size_t k = 0; k < node.operands.size(); ++k)
        if (graph.type(node.operands[k]) == node.types[0]) edits.push_back({.cut = i, .operand = k});
    if (finite(values[i])) edits.push_back({.cut = i});
  }
  return edits;
}

}  // namespace

RandomGraph shrink(RandomGraph failing, const Failure& failure) {
  for (int attempts = 0; attempts < 400;) {
    const NodeValues values = evaluate::evaluate_nodes<double>(failing.graph, failing.inputs);
    bool smaller = false;
    for (const Edit& edit : edits_of(failing.graph, values)) {
      if (++attempts > 400) break;
      RandomGraph candidate = Smaller(failing, values, edit).build();
      if (failure(candidate.graph, candidate.inputs).empty()) continue;
      failing = std::move(candidate);
      smaller = true;
      break;
    }
    if (!smaller) break;
  }
  return failing;
}

std::string describe(const RandomGraph& random) {
  std::string text = print(random.graph, {.origins = false});
  for (size_t i = 0; i < random.inputs.size(); ++i) {
    const Array<double>& array = random.inputs[i];
    text += fmt::format("; %{} = [", random.graph.inputs()[i].name);
    for (size_t e = 0; e < std::min<size_t>(array.size(), 24); ++e)
      text += fmt::format("{}{}", e ? ", " : "", evaluate::number_at(array, e));
    text += array.size() > 24 ? ", …]\n" : "]\n";
  }
  return text;
}

}  // namespace gradus::testing
