#include "frontend/driver/compile/instrument.h"

#include <fmt/format.h>

#include "frontend/driver/compile/compare_graphs.h"
#include "ir/error.h"
#include "ir/text/print.h"
#include "ir/verify.h"

namespace gradus {

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
               report.milliseconds, options_.format ? options_.format(after) : print(after));
  }
  if (options_.verify_each != VerifyEach::no)
    verify_or_fail(after, fmt::format("after pass '{}'", report.pass));
  if (options_.verify_each == VerifyEach::numeric && report.changed)
    if (const std::string found = compare_numerically(before, after, report.run); !found.empty())
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
