#include "frontend/driver/instrument.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "ir/error.h"
#include "ir/evaluate/evaluate.h"
#include "ir/random.h"
#include "ir/text/print.h"
#include "ir/verify.h"

namespace gradus {

namespace {

using evaluate::Array;

// Values that exercise a graph of unknown purpose: floats from (-1, 1), positions small enough to be classes.
Array<double> sample_input(const Input& input, const Type& type, size_t number) {
  std::vector<double> values(static_cast<size_t>(element_count(type.shape)));
  const random::Draw draw{1, 0, random::site("sample", number), 0};
  for (size_t i = 0; i < values.size(); ++i) {
    const double uniform = random::uniform(draw, static_cast<int64_t>(i));
    values[i] = is_float(type.element) ? 2 * uniform - 1 : std::floor(2 * uniform);
  }
  if (input.kind == InputKind::seed || input.kind == InputKind::step)
    std::fill(values.begin(), values.end(), 1.0);
  if (input.kind == InputKind::state)  // second moments and counters are never negative
    for (double& value : values) value = std::abs(value);
  return evaluate::array_of(type, std::move(values));
}

evaluate::Evaluation<double> evaluate_sample(const Graph& graph) {
  std::vector<Array<double>> inputs;
  for (const Input& input : graph.inputs())
    inputs.push_back(sample_input(input, graph.type(input.value), inputs.size()));
  evaluate::EvaluateOptions options;
  options.round_to_declared = false;
  return evaluate::evaluate<double>(graph, std::move(inputs), options);
}

std::string difference(const std::string& name, const Array<double>& a, const Array<double>& b) {
  constexpr double tolerance = 1e-7;
  const auto count = static_cast<size_t>(element_count(a.type.shape));
  double largest = 1e-30;
  for (size_t i = 0; i < count; ++i)
    if (const double value = evaluate::number_at(a, i); std::isfinite(value))
      largest = std::max(largest, std::abs(value));
  for (size_t i = 0; i < count; ++i) {
    const double x = evaluate::number_at(a, i);
    const double y = evaluate::number_at(b, i);
    if (!std::isfinite(x)) continue;  // a pass may make a non-finite value finite
    if (!(std::abs(x - y) <= tolerance * largest))
      return fmt::format("{}[{}] was {} and became {}", name, i, x, y);
  }
  return {};
}

}  // namespace

std::string compare_numerically(const Graph& before, const Graph& after) {
  const auto a = evaluate_sample(before);
  const auto b = evaluate_sample(after);
  if (a.results.size() != b.results.size() || a.updates.size() != b.updates.size())
    return "the number of results or updates changed";
  for (size_t i = 0; i < a.results.size(); ++i)
    if (std::string found = difference(before.results()[i].name, a.results[i], b.results[i]); !found.empty())
      return found;
  for (size_t i = 0; i < a.updates.size(); ++i) {
    const std::string& name = before.inputs()[before.updates()[i].input].name;
    if (std::string found = difference("update of " + name, a.updates[i], b.updates[i]); !found.empty())
      return found;
  }
  return {};
}

Instrument::Instrument(InstrumentOptions options) : options_(std::move(options)) {}

PassObserver Instrument::observer() {
  return [this](const PassReport& report, const Graph& before, const Graph& after) {
    return observe(report, before, after);
  };
}

bool Instrument::observe(const PassReport& report, const Graph& before, const Graph& after) {
  timings_.push_back({std::string(report.pass), report.milliseconds});
  if (options_.print_after_all || options_.print_after.count(std::string(report.pass))) {
    fmt::print(options_.prints, "; after {} ({}, {} → {} nodes, {:.1f} ms)\n{}", report.pass,
               report.changed ? "changed" : "unchanged", report.nodes_before, report.nodes_after,
               report.milliseconds, print(after));
  }
  if (options_.verify_each != VerifyEach::no)
    verify_or_fail(after, fmt::format("after pass '{}'", report.pass));
  if (options_.verify_each == VerifyEach::numeric && report.changed)
    if (const std::string found = compare_numerically(before, after); !found.empty())
      fail_internal(fmt::format("pass '{}' changed a result: {}", report.pass, found));
  stopped_ = options_.stop_after == report.pass;
  return !stopped_;
}

std::string format_timings(const std::vector<Timing>& timings) {
  double total = 0;
  for (const Timing& timing : timings) total += timing.milliseconds;
  std::string out = "   ms       %  step\n";
  for (const Timing& timing : timings)
    out += fmt::format("{:8.2f}  {:5.1f}  {}\n", timing.milliseconds,
                       total > 0 ? 100 * timing.milliseconds / total : 0, timing.name);
  return out + fmt::format("{:8.2f}  100.0  total\n", total);
}

}  // namespace gradus
