#include "frontend/driver/train/running_averages.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "ir/build.h"
#include "ir/dependence.h"
#include "ir/structure.h"

namespace gradus {

namespace {

constexpr double too_much_left = 0.1, little_left = 0.05;  // of the initial values

// f of a node = f · state + what does not depend on the state, by node; none for any other.
class Factors {
 public:
  Factors(const Graph& graph, Value state) : graph_(graph), factors_(graph.size(), 0.0) {
    factors_[state.node] = 1;
    for (uint32_t i = state.node + 1; i < graph.size(); ++i) factors_[i] = derive(graph.node(i));
  }

  std::optional<double> of(Value value) const { return factors_[value.node]; }

 private:
  std::optional<double> derive(const Node& node) const {
    const auto operand = [&](size_t i) { return of(node.operands[i]); };
    const bool independent =
        std::all_of(node.operands.begin(), node.operands.end(), [&](Value each) { return of(each) == 0.0; });
    if (independent) return 0;
    if (node.op->id == OpId::add && operand(0) && operand(1)) return *operand(0) + *operand(1);
    if (node.op->id == OpId::sub && operand(0) && operand(1)) return *operand(0) - *operand(1);
    if (node.op->id == OpId::mul && known(node, 0) && operand(1)) return *known(node, 0) * *operand(1);
    if (node.op->id == OpId::mul && known(node, 1) && operand(0)) return *operand(0) * *known(node, 1);
    if (node.op->id == OpId::div && known(node, 1) && operand(0)) return *operand(0) / *known(node, 1);
    return std::nullopt;
  }
  std::optional<double> known(const Node& node, size_t i) const {
    return build::known_splat(graph_, node.operands[i]);
  }

  const Graph& graph_;
  std::vector<std::optional<double>> factors_;
};

std::set<std::string> inputs_read(const Graph& graph) {
  const std::vector<bool> needed = needed_by(graph, marked(graph, graph.results()));
  std::set<std::string> names;
  for (const Input& input : graph.inputs())
    if (needed[input.value.node]) names.insert(input.name);
  return names;
}

}  // namespace

std::vector<Diagnostic> warn_of_young_averages(const language::TrainProgram& program, int64_t steps) {
  const Graph& training = program.training.graph;
  const std::set<std::string> read = inputs_read(program.evaluation.graph);
  const language::StorageRow* first = nullptr;
  double slowest = 0;
  int64_t young = 0;
  for (const Update& update : training.updates()) {
    const std::string& name = training.inputs()[update.input].name;
    const auto row = std::find_if(program.storage.begin(), program.storage.end(),
                                  [&](const language::StorageRow& each) { return each.path == name; });
    if (row->trainable || row->optimizer || !read.contains(name)) continue;
    const std::optional<double> factor =
        Factors(training, training.inputs()[update.input].value).of(update.value);
    if (!factor || *factor <= 0 || *factor >= 1) continue;
    if (std::pow(*factor, static_cast<double>(steps)) <= too_much_left) continue;
    if (young++ == 0) first = &*row;
    slowest = std::max(slowest, *factor);
  }
  if (!first) return {};
  const double count = static_cast<double>(steps);
  const double faster = std::floor(std::pow(little_left, 1 / count) * 100) / 100;
  const std::string more = young == 1 ? "" : fmt::format(" (and {} more)", young - 1);
  return {
      {Severity::warning,
       fmt::format(
           "the running average `{}`{} has seen {} step{}: {:.0f} % of it is still what it began with, and "
           "validation, tests and predictions use it",
           first->path, more, steps, steps == 1 ? "" : "s", 100 * std::pow(slowest, count)),
       first->span,
       {},
       fmt::format("a momentum of {} instead of {:.4g} follows in so few steps; or make more of them, with "
                   "more epochs or "
                   "a smaller `batch`",
                   faster, slowest)}};
}

}  // namespace gradus
