// `gradus explain`: which schedule each kernel has, where that comes from, and what else it might have been.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "frontend/driver/compile/compile.h"
#include "ir/graph.h"
#include "passes/schedule/cost.h"

namespace gradus {

struct ExplainedCandidate {
  std::string schedule;  // of one stage
  ScheduleCost cost;
};

struct ExplainedStage {
  std::string what;  // the op that it computes, or what the kernel is walked by
  // What it has; none where the kernel is walked in another way than these candidates want.
  std::optional<ExplainedCandidate> taken;
  std::vector<ExplainedCandidate> others;  // the cheapest first
};

// Where a schedule comes from.
enum class ScheduleSource {
  chosen,  // it is the cheapest
  file,    // --schedule
  text,    // the kernel had it in the graph text
  plain,   // the text says nothing, at a stage where nothing is chosen any more
};

struct ExplainedKernel {
  std::string value;   // as dumps call it: %17
  std::string name;    // dot_5c1e22aa
  std::string around;  // "a step of %37" in a loop, "the block %40" in a call; empty if there is none
  std::vector<Type> types;
  std::string places;  // of its results
  std::string scope;   // dense_1
  SourceSpan span;
  std::string schedule;
  ScheduleSource source = ScheduleSource::chosen;
  SourceSpan given;  // the line of --schedule
  std::vector<ExplainedStage> stages;
};

struct ScheduleReport {
  std::string program;
  std::string graph;  // which of a train block's: "training"; empty of a text and of a lesson
  std::string target;
  std::vector<ExplainedKernel> kernels;  // in the order in which they run; steps of a loop at its place
};

ScheduleReport explain_schedules(Compiler& compiler, const Graph& graph, const std::string& which = {});

// Can be given to --schedule as it stands: all but the lines of schedules are comments, and a kernel of
// several graphs has one line.
std::string format_schedules(const std::vector<ScheduleReport>& reports);
nlohmann::json schedules_json(const std::vector<ScheduleReport>& reports);

}  // namespace gradus
