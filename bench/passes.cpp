// How passes scale: every pass of the pipeline over graphs of 10,000 nodes, one line a graph, milliseconds.
//
//   gradus_bench_passes [NODES]
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "tests/support/large_graph.h"

namespace gradus {
namespace {

using Clock = std::chrono::steady_clock;

template <class Body>
double milliseconds(Body body) {
  const auto start = Clock::now();
  body();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

double measure(std::string_view kind, size_t nodes) {
  const Graph graph = testing::large_graph(kind, nodes);
  std::string line;
  double total = 0;
  const auto note = [&](std::string_view name, double time) {
    line += fmt::format("  {} {:.0f}", name, time);
    total += time;
  };
  size_t largest = graph.size();
  PassContext context;
  const Graph kernels = run_pipeline(graph, Stage::forward, Stage::kernels, context,
                                     [&](const PassReport& report, const Graph&, const Graph& after) {
                                       largest = std::max(largest, after.size());
                                       note(report.pass, report.milliseconds);
                                       return true;
                                     });
  std::string text;
  note("verify", milliseconds([&] { verify_or_fail(kernels, kind); }));
  note("print", milliseconds([&] { text = print(kernels); }));
  note("parse", milliseconds([&] { parse_graph(text, std::string(kind)); }));
  fmt::print("{:<8} {:>6} nodes {:>6.0f} ms:{}\n", kind, largest, total, line);
  return total;
}

}  // namespace
}  // namespace gradus

int main(int count, char** arguments) {
  const size_t nodes = count > 1 ? std::strtoull(arguments[1], nullptr, 10) : 10'000;
  double worst = 0;
  for (std::string_view kind : gradus::testing::large_graph_kinds)
    worst = std::max(worst, gradus::measure(kind, nodes));
  fmt::print("slowest graph: {:.2f} s\n", worst / 1000);
}
