#include "frontend/driver/analysis/probe.h"

#include <fmt/format.h>

#include "ir/builder.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

CompilerOptions silent(CompilerOptions options) {
  options.instrument = {};
  return options;
}

// The graph with these results and no updates. Nodes keep their numbers; inputs are data called by theirs,
// since names of a body's inputs need not be unique.
Graph with_results(const Graph& graph, std::span<const Value> values, Stage stage) {
  GraphBuilder builder(graph.name(), {.memoize = false});
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (is_input(node))
      builder.input(fmt::format("i{}", node.attributes.integer("index")), InputKind::data, node.types[0]);
    else
      builder.add_typed(*node.op, node.operands, node.attributes, node.types, node.body);
  }
  for (size_t i = 0; i < values.size(); ++i) builder.add_result(fmt::format("r{}", i), values[i]);
  Attributes header;
  header.set("stage", std::string(name(stage)));
  builder.set_header(std::move(header));
  return std::move(builder).finish();
}

std::vector<Tensor> in_order(const ExecutableDescription& description, const std::vector<Tensor>& inputs) {
  std::vector<Tensor> result;
  for (const Argument& argument : description.inputs)
    result.push_back(inputs[static_cast<size_t>(std::stoll(argument.name.substr(1)))]);
  return result;
}

}  // namespace

Probe::Probe(CompilerOptions options) : compiler_(silent(std::move(options))) {}

std::vector<Tensor> Probe::values(const Graph& graph, const std::vector<Tensor>& inputs,
                                  std::span<const Value> values, Stage stage) {
  const std::shared_ptr<Executable> executable = compiler_.compile(with_results(graph, values, stage));
  std::vector<Tensor> results = executable->make_results(), none;
  executable->run(in_order(executable->description(), inputs), none, results, 0, 1);
  return results;
}

Probe::Body Probe::body(const Graph& body, const InfiniteInputs& infinite) {
  std::vector<Value> results;
  for (const NamedValue& result : body.results()) results.push_back(result.value);
  Body made;
  made.executable_ =
      compiler_.compile(with_numeric_checks(with_results(body, results, Stage::optimized), infinite, false));
  return made;
}

int64_t Probe::Body::run(const std::vector<Tensor>& inputs, std::vector<Tensor>& results) {
  results = executable_->make_results();
  std::vector<Tensor> none;
  const gradus_status status =
      executable_->run(in_order(executable_->description(), inputs), none, results, 0, 1);
  return status.check >= numerics_base ? status.check - numerics_base : -1;
}

}  // namespace gradus
