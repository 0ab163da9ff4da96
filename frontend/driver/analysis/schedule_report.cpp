#include "frontend/driver/analysis/schedule_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "frontend/driver/analysis/place_text.h"
#include "ir/kernel/name.h"
#include "ir/kernel/scratch.h"
#include "ir/op.h"
#include "ir/placement.h"
#include "ir/shown_text.h"
#include "ir/structure.h"
#include "passes/schedule/choose.h"
#include "passes/schedule/estimate.h"

namespace gradus {

namespace {

// The names of kernels that have a schedule already, also in loops.
void find_given(const Graph& graph, std::set<std::string>& names) {
  for (uint32_t i = 0; i < graph.size(); ++i) {
    const Node& node = graph.node(i);
    if (is_kernel(node) && node.attributes.has("schedule"))
      names.insert(kernel_name(*node.body));
    else if (node.body && !is_kernel(node))
      find_given(*node.body, names);
  }
}

std::string part_name(const KernelStages& stages, const Schedule& schedule, size_t part) {
  if (is_by_rows(schedule)) return std::string(RowsSchedule::word);
  if (part == stages.all().size()) return std::string(MapSchedule::word);
  return std::string(stages.body().node(stages.all()[part].node).op->name);
}

bool is_by_rows(const std::vector<StageChoice>& choices) {
  return choices.size() == 1 && std::holds_alternative<RowsSchedule>(choices[0].candidates[0].schedule);
}

// The candidates but for the one that is taken.
void add_candidates(ExplainedStage& stage, const StageChoice& choice, const Graph& body) {
  for (const Candidate& candidate : choice.candidates) {
    const std::string text = to_string(candidate.schedule, body);
    if (!stage.taken || stage.taken->schedule != text) stage.others.push_back({text, candidate.cost});
  }
}

std::vector<ExplainedStage> explain_stages(const Graph& body, const Schedule& schedule,
                                           const Target& target) {
  const std::vector<StageChoice> choices = schedule_choices(body, target);
  const std::vector<ScheduleCost> costs = estimate(body, schedule, target);
  const KernelStages stages(body);
  const bool same_walk = is_by_rows(schedule) == is_by_rows(choices);
  std::vector<ExplainedStage> explained;
  for (size_t part = 0; part < schedule.size(); ++part) {
    ExplainedStage stage;
    stage.what = part_name(stages, schedule, part);
    stage.taken = {to_string(schedule[part], body), costs[part]};
    if (same_walk && part < choices.size()) add_candidates(stage, choices[part], body);
    explained.push_back(std::move(stage));
  }
  for (size_t part = same_walk ? schedule.size() : 0; part < choices.size(); ++part) {
    ExplainedStage stage;
    stage.what = choices[part].what;
    add_candidates(stage, choices[part], body);
    explained.push_back(std::move(stage));
  }
  return explained;
}

class Report {
 public:
  Report(const Compiler& compiler, const Graph& before, const std::string& which)
      : options_(compiler.options()) {
    report_.graph = which;
    find_given(before, given_);
    chooses_ = Compiler::stage_of(before) < Stage::kernels;
    report_.target = options_.target.name;
  }

  ScheduleReport run(const Graph& kernels) {
    report_.program = kernels.name();
    add_kernels(kernels, "");
    return std::move(report_);
  }

 private:
  void add_kernels(const Graph& graph, const std::string& around) {
    for (uint32_t i = 0; i < graph.size(); ++i) {
      if (is_kernel(graph.node(i))) add_kernel(graph, i, around);
      if (runs_kernels(graph.node(i)))
        add_kernels(
            *graph.node(i).body,
            fmt::format("{} %{}", is_scan(graph.node(i)) ? "a step of" : "the block", graph.node(i).id));
    }
  }

  void add_kernel(const Graph& graph, uint32_t index, const std::string& around) {
    const Node& node = graph.node(index);
    const Graph& body = *node.body;
    const Schedule schedule = schedule_of(node);
    ExplainedKernel kernel;
    kernel.value = fmt::format("%{}", node.id);
    kernel.name = kernel_name(body);
    kernel.around = around;
    kernel.types = node.types;
    kernel.places = to_string(placements(node));
    if (const Origin* source = find_source(graph.origins(index))) kernel.scope = source->chain.front().scope;
    kernel.span = place_of(graph.origins(index));
    kernel.schedule = to_string(schedule, body);
    add_source(kernel, node);
    kernel.stages = explain_stages(body, schedule, options_.target);
    report_.kernels.push_back(std::move(kernel));
  }

  void add_source(ExplainedKernel& kernel, const Node& node) const {
    if (!node.attributes.has("schedule")) {
      kernel.source = ScheduleSource::plain;
    } else if (chooses_ && options_.schedules && options_.schedules->count(kernel.name) > 0) {
      kernel.source = ScheduleSource::file;
      kernel.given = options_.schedules->at(kernel.name).span;
    } else if (given_.count(kernel.name) > 0) {
      kernel.source = ScheduleSource::text;
    }
  }

  const CompilerOptions& options_;
  std::set<std::string> given_;
  bool chooses_ = true;
  ScheduleReport report_;
};

std::string source_text(const ExplainedKernel& kernel) {
  switch (kernel.source) {
    case ScheduleSource::chosen:
      return "chosen";
    case ScheduleSource::file:
      return with_place("given", kernel.given);
    case ScheduleSource::text:
      return "given by the text";
    case ScheduleSource::plain:
      return "plain: the text gives none";
  }
  return {};
}

std::string_view source_name(ScheduleSource source) {
  constexpr std::array<std::string_view, 4> names = {"chosen", "file", "text", "plain"};
  return names[static_cast<size_t>(source)];
}

void format_candidate(std::string& out, char mark, const ExplainedCandidate& candidate, size_t width) {
  out += fmt::format("#     {} {:<{}}", mark, candidate.schedule, width);
  constexpr double nanoseconds_per_microsecond = 1000;
  const ScheduleCost& cost = candidate.cost;
  for (const double part : {cost.total(), cost.compute, cost.packing, cost.misses, cost.code})
    out += fmt::format(" {:>10.3f}", part / nanoseconds_per_microsecond);
  out += '\n';
}

void format_stage(std::string& out, const ExplainedStage& stage) {
  constexpr size_t most_shown = 4;  // beside what is taken
  const size_t shown = std::min(most_shown, stage.others.size());
  size_t width = stage.what.size() + 4;
  if (stage.taken) width = std::max(width, stage.taken->schedule.size());
  for (size_t i = 0; i < shown; ++i) width = std::max(width, stage.others[i].schedule.size());
  out += fmt::format("#   {:<{}}", stage.what, width + 4);
  for (const std::string_view part : {"total", "compute", "packing", "misses", "code"})
    out += fmt::format(" {:>10}", part);
  out += '\n';
  if (stage.taken) format_candidate(out, '*', *stage.taken, width);
  for (size_t i = 0; i < shown; ++i) format_candidate(out, ' ', stage.others[i], width);
  if (shown < stage.others.size()) out += fmt::format("#       and {} more\n", stage.others.size() - shown);
}

std::string title(const ScheduleReport& report) {
  return report.graph.empty() ? report.program : report.program + ", " + report.graph;
}

std::string headline(const ExplainedKernel& kernel) {
  std::vector<std::string> types;
  for (const Type& type : kernel.types) types.push_back(to_string(type));
  std::string line = fmt::format("{} {}  {}", kernel.value, kernel.name, fmt::join(types, ", "));
  if (kernel.span.known()) line += "  " + with_place(kernel.scope, kernel.span);
  if (!kernel.around.empty()) line += "  in " + kernel.around;
  return line;
}

}  // namespace

ScheduleReport explain_schedules(Compiler& compiler, const Graph& graph, const std::string& which) {
  return Report(compiler, graph, which).run(compiler.bring_to(Stage::kernels, graph));
}

std::string format_schedules(const std::vector<ScheduleReport>& reports) {
  struct Known {
    const ScheduleReport* report;
    const ExplainedKernel* kernel;
  };
  std::map<std::string, Known> first;  // by name: it has one line in a file of schedules
  std::string out;
  for (const ScheduleReport& report : reports) {
    out += fmt::format(
        "{}# {}: {} kernels for {}. What a stage has is marked by *; estimates are microseconds of "
        "one thread.\n",
        out.empty() ? "" : "\n", printable(title(report)), report.kernels.size(), report.target);
    for (const ExplainedKernel& kernel : report.kernels) {
      out += fmt::format("#\n# {}\n", printable(headline(kernel)));
      if (!kernel.places.empty()) out += fmt::format("#   in {}\n", kernel.places);
      const auto [it, fresh] = first.emplace(kernel.name, Known{&report, &kernel});
      const Known& known = it->second;
      if (!fresh && known.kernel->schedule == kernel.schedule) {
        const std::string elsewhere = known.report == &report ? "" : " of " + title(*known.report);
        out += fmt::format("#   the code of {}{}\n", known.kernel->value, printable(elsewhere));
        continue;
      }
      out += fmt::format("{}{}: {}\n#   {}\n", fresh ? "" : "# ", kernel.name, kernel.schedule,
                         printable(source_text(kernel)));
      for (const ExplainedStage& stage : kernel.stages) format_stage(out, stage);
    }
  }
  return out;
}

namespace {

nlohmann::json candidate_json(const ExplainedCandidate& candidate) {
  const ScheduleCost& cost = candidate.cost;
  return {{"schedule", candidate.schedule},
          {"nanoseconds",
           {{"total", cost.total()},
            {"compute", cost.compute},
            {"packing", cost.packing},
            {"misses", cost.misses},
            {"code", cost.code}}}};
}

nlohmann::json stage_json(const ExplainedStage& stage) {
  nlohmann::json others = nlohmann::json::array();
  for (const ExplainedCandidate& other : stage.others) others.push_back(candidate_json(other));
  return {{"what", stage.what},
          {"taken", stage.taken ? candidate_json(*stage.taken) : nlohmann::json()},
          {"others", std::move(others)}};
}

nlohmann::json report_json(const ScheduleReport& report) {
  nlohmann::json kernels = nlohmann::json::array();
  for (const ExplainedKernel& kernel : report.kernels) {
    nlohmann::json types = nlohmann::json::array(), stages = nlohmann::json::array();
    for (const Type& type : kernel.types) types.push_back(to_string(type));
    for (const ExplainedStage& stage : kernel.stages) stages.push_back(stage_json(stage));
    kernels.push_back({{"value", kernel.value},
                       {"name", kernel.name},
                       {"around", kernel.around.empty() ? nlohmann::json() : nlohmann::json(kernel.around)},
                       {"types", std::move(types)},
                       {"places", kernel.places},
                       {"scope", kernel.scope},
                       {"place", place_json(kernel.span)},
                       {"schedule", kernel.schedule},
                       {"source", source_name(kernel.source)},
                       {"given", place_json(kernel.given)},
                       {"stages", std::move(stages)}});
  }
  return {{"program", report.program},
          {"graph", report.graph.empty() ? nlohmann::json() : nlohmann::json(report.graph)},
          {"target", report.target},
          {"kernels", std::move(kernels)}};
}

}  // namespace

nlohmann::json schedules_json(const std::vector<ScheduleReport>& reports) {
  nlohmann::json graphs = nlohmann::json::array();
  for (const ScheduleReport& report : reports) graphs.push_back(report_json(report));
  return {{"graphs", std::move(graphs)}};
}

}  // namespace gradus
