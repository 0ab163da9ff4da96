#include "passes/schedule/choose.h"

#include <algorithm>

#include "ir/op.h"
#include "passes/schedule/estimate.h"

namespace gradus {

namespace {

template <class Estimate>
StageChoice choice(std::string_view what, const std::vector<StageSchedule>& schedules, const Estimate& cost) {
  std::vector<Candidate> candidates;
  for (const StageSchedule& schedule : schedules) candidates.push_back({schedule, cost(schedule)});
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.cost.total() < b.cost.total(); });
  const double least = candidates.front().cost.total();
  candidates.erase(candidates.begin() + 1,
                   std::find_if(candidates.begin() + 1, candidates.end(),
                                [&](const Candidate& other) { return other.cost.total() > least; }));
  return {what, std::move(candidates)};
}

}  // namespace

std::vector<StageChoice> schedule_choices(const Graph& body, const Target& target) {
  if (const std::vector<StageSchedule> rows = row_candidates(body); !rows.empty())
    return {choice(RowsSchedule::word, rows,
                   [&](const StageSchedule& part) { return estimate(body, {part}, target)[0]; })};
  std::vector<StageChoice> choices;
  Schedule chosen;
  const KernelStages stages(body);
  for (size_t stage = 0; stage < stages.all().size(); ++stage) {
    const bool contracts = stages.all()[stage].kind == StageKind::contraction;
    std::vector<StageSchedule> candidates;
    if (contracts) candidates = contraction_candidates(stages, stage, target);
    if (candidates.empty()) candidates = loop_candidates(stages, stage, target);
    choices.push_back(
        choice(body.node(stages.all()[stage].node).op->name, candidates,
               [&](const StageSchedule& part) { return estimate(stages, stage, part, target); }));
    chosen.push_back(choices.back().candidates[0].schedule);
  }
  if (const std::vector<size_t> left = stages.map_results(chosen); !left.empty()) {
    choices.push_back(choice(MapSchedule::word, map_candidates(stages, left), [&](const StageSchedule& part) {
      return estimate_map(stages, left, std::get<MapSchedule>(part));
    }));
  }
  return choices;
}

Schedule choose_schedule(const Graph& body, const Target& target) {
  Schedule schedule;
  for (const StageChoice& choice : schedule_choices(body, target))
    schedule.push_back(choice.candidates[0].schedule);
  return schedule;
}

}  // namespace gradus
