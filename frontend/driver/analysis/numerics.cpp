#include "frontend/driver/analysis/numerics.h"

#include <fmt/format.h>

#include "frontend/driver/analysis/derivative_rule.h"
#include "frontend/driver/analysis/graph_history.h"
#include "frontend/driver/analysis/number_range.h"
#include "frontend/driver/analysis/numerics_hint.h"
#include "frontend/driver/analysis/probe.h"
#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"
#include "ir/text/print.h"

namespace gradus {

namespace {

std::string shortened(std::string text) {
  constexpr size_t longest = 160;
  if (text.size() > longest) text = text.substr(0, longest) + " …";
  return text;
}

Tensor row_of(const Tensor& tensor, int64_t row) {
  Shape one = tensor.shape();
  one[0] = 1;
  Tensor result(Type(tensor.element(), std::move(one)));
  gather_rows(tensor, std::vector<int64_t>{row}, result);
  return std::move(result).reshaped(row_shape(tensor.type()));
}

class Explanation {
 public:
  Explanation(const Compiler& compiler, const NumericsQuestion& question)
      : question_(question),
        probe_(compiler.options()),
        history_(question.graph, compiler.options().memoize) {}

  Diagnostic run() {
    const Graph& graph = history_.last();
    std::vector<Tensor> inputs;
    for (const Input& input : graph.inputs()) inputs.push_back(question_.value_of(input));
    explain(graph, inputs, question_.infinite, static_cast<uint32_t>(question_.check - numerics_base));
    for (Diagnostic::Note& note : loops_) diagnostic_.notes.push_back(std::move(note));
    return std::move(diagnostic_);
  }

 private:
  void explain(const Graph& graph, const std::vector<Tensor>& inputs, const InfiniteInputs& infinite,
               uint32_t index) {
    const Node& node = graph.node(index);
    if (is_input(node)) {
      const auto number = static_cast<size_t>(node.attributes.integer("index"));
      describe_input(graph.inputs()[number], inputs[number]);
    } else if (node.body && explain_body(graph, inputs, infinite, index)) {
      return;
    } else {
      describe_node(graph, inputs, index);
    }
  }

  void describe_input(const Input& input, const Tensor& value) {
    if (question_.describe_input) {
      diagnostic_ = question_.describe_input(input, value);
      return;
    }
    const NumberRange range = range_of(value);
    diagnostic_.message = fmt::format("the input '{}' is not finite: {}", input.name, to_string(range));
  }

  // Runs the body as the loop does until a node of it fails. False if none does.
  bool explain_body(const Graph& graph, const std::vector<Tensor>& inputs, const InfiniteInputs& infinite,
                    uint32_t index) {
    const Node& node = graph.node(index);
    const std::vector<Tensor> operands = probe_.values(graph, inputs, node.operands);
    const InfiniteInputs body_infinite = infinite_body_inputs(graph, index, infinite);
    Probe::Body body = probe_.body(*node.body, body_infinite);
    const bool scan = is_scan(node);
    ops::ScanLayout layout;
    layout.length = 1;
    if (scan) layout = ops::ScanLayout(node);
    std::vector<Tensor> body_inputs = operands, results;
    if (scan) body_inputs.insert(body_inputs.begin(), Tensor::scalar(int64_t{0}));
    for (int64_t step = 0; step < layout.length; ++step) {
      const int64_t at = layout.index_of(step);
      if (scan) body_inputs[0] = Tensor::scalar(at);
      for (size_t s = 0; s < layout.sequences; ++s) {
        const size_t operand = layout.operand_of_sequence(s);
        body_inputs[layout.body_input_of(operand)] = row_of(operands[operand], at);
      }
      const int64_t failed = body.run(body_inputs, results);
      if (failed >= 0) {
        if (scan) note_iteration(graph, index, at, step);
        path_.push_back(node.id);
        explain(*node.body, body_inputs, body_infinite, static_cast<uint32_t>(failed));
        return true;
      }
      for (size_t c = 0; c < layout.carries; ++c)
        body_inputs[layout.body_input_of(c)] = std::move(results[c]);
    }
    return false;
  }

  void note_iteration(const Graph& graph, uint32_t index, int64_t at, int64_t step) {
    const int64_t length = graph.node(index).attributes.integer("length");
    loops_.push_back({fmt::format("in iteration {} of {} of the loop, at index {}", step + 1, length, at),
                      place_of(graph.origins(index))});
  }

  void describe_node(const Graph& graph, const std::vector<Tensor>& inputs, uint32_t index) {
    const Node& node = graph.node(index);
    std::vector<Value> wanted = node.operands;
    for (uint32_t r = 0; r < node.types.size(); ++r)
      if (is_float(node.types[r].element)) wanted.push_back({index, r});
    const std::vector<Tensor> values = probe_.values(graph, inputs, wanted);
    size_t result = node.operands.size();
    while (result + 1 < values.size() && range_of(values[result]).bad() == 0) ++result;
    // Infinities of an operand are there on purpose: it is NaN that they must not become.
    bool infinite = false;
    for (size_t i = 0; i < node.operands.size(); ++i) infinite = infinite || range_of(values[i]).infinite > 0;
    const NumberRange range = range_of(values[result]);
    const bool only_nan = infinite && range.nan > 0;
    const int64_t element = only_nan ? range.first_nan : range.first_bad;

    const Origin* rule = derivative_rule(graph, index);
    diagnostic_.message = fmt::format("{}{} gives ", node.op->name,
                                      rule ? fmt::format(", in the gradient of {},", rule->name) : "");
    if (element < 0) {  // should the bits differ after all
      diagnostic_.message += "a value that is not finite";
    } else {
      const std::string where = element_text(values[result].shape(), element);
      diagnostic_.message +=
          number_text(values[result].number(element)) + (where.empty() ? "" : " at " + where);
      if (range.count > 1)
        diagnostic_.message += fmt::format(" ({} of {} elements are {})", only_nan ? range.nan : range.bad(),
                                           range.count, only_nan ? "nan" : "not finite");
    }
    locate(graph.origins(index));
    diagnostic_.notes.push_back({shortened(print_node(graph, index, {.origins = false})), {}});
    const std::vector<NumberRange> ranges = describe_operands(
        graph, index, {values.begin(), values.begin() + static_cast<long>(node.operands.size())},
        values[result].shape(), element);
    if (rule) describe_differentiated(graph, inputs, *rule);
    diagnostic_.hint = numerics_hint(node.op->id, rule ? find_op(rule->name) : nullptr, ranges);
  }

  // The user's line, and the library's lines below it, innermost first.
  void locate(const Origins& origins) {
    const Origin* source = find_source(origins);
    if (!source) return;
    diagnostic_.span = source->chain.front().span;
    for (size_t level = source->chain.size(); --level > 0;)
      diagnostic_.notes.push_back({"in " + source->chain[level].scope, source->chain[level].span});
  }

  std::vector<NumberRange> describe_operands(const Graph& graph, uint32_t index,
                                             const std::vector<Tensor>& values, const Shape& shape,
                                             int64_t element) {
    const Node& node = graph.node(index);
    std::vector<NumberRange> ranges;
    for (size_t i = 0; i < values.size(); ++i) {
      ranges.push_back(range_of(values[i]));
      if (std::find(node.operands.begin(), node.operands.begin() + static_cast<long>(i), node.operands[i]) !=
          node.operands.begin() + static_cast<long>(i))
        continue;
      std::string text =
          fmt::format("{}: {}", print_value(graph, node.operands[i]), to_string(ranges.back()));
      if (element >= 0 && values[i].size() > 1 && values[i].shape() == shape)
        text += fmt::format("; there {}", number_text(values[i].number(element)));
      diagnostic_.notes.push_back({std::move(text), {}});
    }
    return ranges;
  }

  // The forward op behind a node of the backward graph, and what it was given.
  void describe_differentiated(const Graph& here, const std::vector<Tensor>& inputs, const Origin& rule) {
    const GraphHistory::Found found = history_.find(path_, rule.of);
    const std::string by = rule.operand >= 0 ? fmt::format(" by operand {}", rule.operand) : "";
    if (!found) {
      diagnostic_.notes.push_back({fmt::format("it is part of the derivative of {}{}", rule.name, by), {}});
      return;
    }
    const Graph& graph = *found.graph;
    const Node& node = graph.node(found.index);
    diagnostic_.notes.push_back({fmt::format("it is part of the derivative{} of {}", by,
                                             shortened(print_node(graph, found.index, {.origins = false}))),
                                 place_of(graph.origins(found.index))});
    if (graph.inputs().size() != here.inputs().size() || node.body) return;
    describe_operands(
        graph, found.index,
        probe_.values(graph, inputs, node.operands, found.last ? Stage::optimized : Stage::forward), {}, -1);
  }

  const NumericsQuestion& question_;
  Probe probe_;
  GraphHistory history_;
  std::vector<uint32_t> path_;  // ids of the loops around the failing node
  std::vector<Diagnostic::Note> loops_;
  Diagnostic diagnostic_;
};

}  // namespace

Graph with_numeric_checks(Compiler& compiler, const Graph& graph, const InfiniteInputs& infinite) {
  return with_numeric_checks(compiler.bring_to(Stage::optimized, graph), infinite);
}

Diagnostic explain_numerics(Compiler& compiler, const NumericsQuestion& question) {
  return Explanation(compiler, question).run();
}

}  // namespace gradus
