#include "passes/schedule/choose.h"

#include <algorithm>

#include "ir/op.h"

namespace gradus {

namespace {

StageChoice choice(std::string_view what, std::vector<Candidate> candidates) {
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const Candidate& a, const Candidate& b) { return a.cost.total() < b.cost.total(); });
  return {what, std::move(candidates)};
}

}  // namespace

std::vector<StageChoice> schedule_choices(const Graph& body, const Target& target) {
  if (std::vector<Candidate> rows = row_candidates(body); !rows.empty())
    return {choice("rows", std::move(rows))};
  std::vector<StageChoice> choices;
  Schedule chosen;
  const KernelStages stages(body);
  for (size_t stage = 0; stage < stages.all().size(); ++stage) {
    const bool contracts = stages.all()[stage].kind == StageKind::contraction;
    std::vector<Candidate> candidates =
        contracts ? contraction_candidates(stages, stage, target) : std::vector<Candidate>{};
    if (candidates.empty()) candidates = loop_candidates(stages, stage, target);
    choices.push_back(choice(body.node(stages.all()[stage].node).op->name, std::move(candidates)));
    chosen.push_back(choices.back().candidates[0].schedule);
  }
  const std::vector<size_t> left = stages.map_results(chosen);
  int64_t elements = 0;
  for (const size_t r : left)
    elements = std::max(elements, element_count(body.type(body.results()[r].value).shape));
  if (!left.empty()) choices.push_back(choice("map", {map_candidate(body, elements)}));
  return choices;
}

Schedule choose_schedule(const Graph& body, const Target& target) {
  Schedule schedule;
  for (const StageChoice& choice : schedule_choices(body, target))
    schedule.push_back(choice.candidates[0].schedule);
  return schedule;
}

}  // namespace gradus
