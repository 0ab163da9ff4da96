#include "tests/support/schedule_edits.h"

#include <map>
#include <set>

#include "ir/builder.h"
#include "ir/kernel/legal.h"
#include "ir/kernel/nests.h"
#include "ir/kernel/row_sweeps.h"
#include "ir/kernel/scratch.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus::testing {

// Of the last axis of the results, if they have one in common.
std::vector<int64_t> ScheduleEdits::draw_cuts(const Graph& body) {
  const Shape& shape = body.type(body.results()[0].value).shape;
  std::set<int64_t> cuts;
  if (!shape.empty() && shape.back() > 1)
    for (int64_t count = between(0, 3); count > 0; --count) cuts.insert(between(1, shape.back() - 1));
  return {cuts.begin(), cuts.end()};
}

StageSchedule ScheduleEdits::draw_part(const Graph& body, StageSchedule part) {
  const std::map<std::string_view, std::vector<int64_t>> numbers = {
      {"grain", {0, 1, 50, 5000}}, {"chunk", {1, 7, 64, 2048}},          {"columns", {1, 3, 8, 16, 48, 80}},
      {"together", {1, 2, 3, 8}},  {"block", {1, 2, 3, 5, 12, 1000000}},
  };
  std::visit(
      [&](auto& drawn) {
        drawn.settings([&](std::string_view name, auto& setting) {
          using Setting = std::decay_t<decltype(setting)>;
          if constexpr (std::is_same_v<Setting, int64_t>) {
            const auto& choices = numbers.at(name);
            setting = choices[static_cast<size_t>(between(0, static_cast<int64_t>(choices.size()) - 1))];
          } else if constexpr (std::is_same_v<Setting, bool>) {
            setting = between(0, 1) == 1;
          } else if constexpr (std::is_same_v<Setting, EpilogueSource>) {
            setting = static_cast<EpilogueSource>(between(0, 2));
          } else if constexpr (std::is_same_v<Setting, std::vector<int64_t>>) {
            if (name == "cut")
              setting = draw_cuts(body);
            else
              for (size_t i = 0; i < setting.size(); ++i)
                setting[i] = between(1, i + 1 == setting.size() ? 80 : 8);
          } else {
            setting.clear();
            if (const auto rows = RowSweeps::of(body))
              for (uint32_t i = 0; i < body.size(); ++i)
                if (rows->may_keep(i) && between(0, 1) == 1) setting.push_back(i);
          }
        });
      },
      part);
  return part;
}

Schedule ScheduleEdits::draw(const Graph& body, const Schedule& from) {
  if (RowSweeps::of(body) && between(0, 2) > 0) return {draw_part(body, RowsSchedule{})};
  Schedule drawn = is_by_rows(from) ? plain_schedule(body) : from;
  const KernelStages stages(body);
  drawn.resize(stages.all().size(), SerialSchedule{});
  for (size_t stage = 0; stage < drawn.size(); ++stage) {
    if (stages.all()[stage].kind == StageKind::contraction) {
      const auto nest = contraction_nest(stages, stage);
      TileSchedule tile;
      if (nest) tile.tile.assign(tiled_extents(*nest).size(), 1);
      drawn[stage] = nest && between(0, 4) > 0 ? StageSchedule(tile) : StageSchedule(OutputsSchedule{});
    }
    drawn[stage] = draw_part(body, drawn[stage]);
  }
  if (!stages.map_results(drawn).empty()) drawn.push_back(draw_part(body, MapSchedule{}));
  return drawn;
}

Schedule ScheduleEdits::edit(const Graph& body, const Schedule& from) {
  for (int attempt = 0; attempt < 100; ++attempt) {
    Schedule drawn = draw(body, from);
    try {
      check_schedule(body, drawn);
      return drawn;
    } catch (const ShapeError&) {
      continue;  // not every combination is legal
    }
  }
  return from;
}

Graph ScheduleEdits::edit_all(const Graph& kernels) {
  Rewriter rewriter(kernels, "edit");
  for (const uint32_t i : rewriter.live()) {
    const Node& node = kernels.node(i);
    Attributes attributes = node.attributes;
    if (is_kernel(node) && attributes.has("schedule"))
      attributes.set("schedule", to_string(edit(*node.body, schedule_of(node)), *node.body));
    if (is_scan(node))
      rewriter.keep_as(i, std::move(attributes), std::make_shared<const Graph>(edit_all(*node.body)));
    else
      rewriter.keep_with(i, std::move(attributes));
  }
  return std::move(rewriter).finish();
}

}  // namespace gradus::testing
