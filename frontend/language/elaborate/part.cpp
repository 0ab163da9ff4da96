// Parts of the graph under construction, as graphs of their own: conditions, reports, prediction.
#include <algorithm>
#include <map>

#include "frontend/language/elaborate/elaborator.h"
#include "ir/dependence.h"
#include "ir/structure.h"

namespace gradus::language {

namespace {

// Only the inputs that the results need.
Graph part_of(const Graph& graph, const std::string& name, const std::vector<NamedValue>& results,
              Value status) {
  std::vector<bool> needed = marked(graph, results);
  if (status) needed[status.node] = true;
  needed = needed_by(graph, std::move(needed));
  GraphBuilder builder(name);
  std::map<Value, Value> mapped;
  for (uint32_t i = 0; i < graph.size(); ++i) {
    if (!needed[i]) continue;
    const Node& node = graph.node(i);
    builder.set_origins(graph.origins(i));
    builder.prefer_id(node.id);
    Value made;
    if (is_input(node)) {
      const gradus::Input& input = graph.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
      made = builder.input(input.name, input.kind, node.types[0]);
    } else {
      std::vector<Value> operands;
      for (Value operand : node.operands) operands.push_back(mapped.at(operand));
      made = builder.again(node, std::move(operands));
    }
    for (uint32_t r = 0; r < node.types.size(); ++r) mapped[{i, r}] = {made.node, r};
  }
  for (const NamedValue& result : results) builder.add_result(result.name, mapped.at(result.value));
  if (status) builder.set_status(mapped.at(status));
  return std::move(builder).finish();
}

}  // namespace

StepGraph Elaborator::finish_conditions() {
  std::vector<NamedValue> results;
  for (size_t i = 0; i < conditions_.size(); ++i)
    results.push_back({"condition_" + std::to_string(i + 1), conditions_[i]});
  StepGraph part;
  part.graph = part_of(root_->builder.graph(), options_.name + ".conditions", results, {});
  return part;
}

StepGraph Elaborator::finish_report() { return finish_part(options_.name + ".report", report_results_); }

// What the block calculates on its columns before the model sees them is part of it.
StepGraph Elaborator::finish_prediction() {
  std::vector<NamedValue> results;
  try {
    for (const auto& [name, result] : model_results)
      results.push_back({name, to_value(result, model_->span)});
  } catch (const Abandon&) {
    throw_if_errors();
  }
  return finish_part(options_.name, results);
}

StepGraph Elaborator::finish_part(const std::string& name, const std::vector<NamedValue>& results) {
  const Graph& graph = root_->builder.graph();
  const std::vector<bool> needed = needed_by(graph, marked(graph, results));
  // The checks of what the part does not compute are not its own.
  std::erase_if(root_->checks, [&](const Frame::BodyCheck& check) { return !needed[check.bad.node]; });
  combine_status();
  StepGraph part;
  part.checks = checks_;
  part.graph = part_of(graph, name, results, graph.status());
  return part;
}

}  // namespace gradus::language
