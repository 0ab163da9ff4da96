// Schedules of everything but contractions: how many outputs are computed side by side, and how much work is
// worth a thread.
#include <algorithm>

#include "ir/kernel/legal.h"
#include "ir/kernel/map_nest.h"
#include "ir/kernel/nests.h"
#include "ir/kernel/reduction_nest.h"
#include "ir/kernel/row_sweeps.h"
#include "ir/op.h"
#include "ir/ops/windows.h"
#include "passes/fuse/kernel_kind.h"
#include "passes/schedule/choose.h"
#include "passes/schedule/estimate.h"

namespace gradus {

namespace {

class LoopMaker {
 public:
  LoopMaker(const KernelStages& stages, size_t stage, const Target& target)
      : body_(stages.body()),
        kind_(stages.all()[stage].kind),
        node_(body_.node(stages.all()[stage].node)),
        point_(loop_points(stages, stage)),
        target_(target) {}

  std::vector<StageSchedule> make() const {
    switch (kind_) {
      case StageKind::map:
        return {MapSchedule{.cut = {}, .grain = point_.grain()}};
      case StageKind::reduction:
        return reductions();
      case StageKind::outputs:
        return {outputs()};
      case StageKind::contraction:
        return {OutputsSchedule{.columns = bounds::output_vectors * lanes(node_.types[0].element),
                                .grain = point_.grain()}};
      case StageKind::scatter:
        return {ScatterSchedule{point_.grain()}};
      case StageKind::sort:
        return sorts();
      case StageKind::serial:
        break;
    }
    return {SerialSchedule{}};
  }

 private:
  int64_t lanes(ElementType element) const { return std::max<int64_t>(1, target_.lanes(element)); }

  // As many chains as hide each other's latency; then fewer.
  std::vector<StageSchedule> reductions() const {
    const ReductionNest nest(body_, node_);
    const int64_t width = lanes(node_.types[0].element);
    const int64_t vectors = std::clamp<int64_t>(divide_up(nest.outputs, width), 1, bounds::output_vectors);
    ReductionSchedule widest;
    widest.columns = bounds::output_vectors * width;
    widest.grain = point_.grain();
    if (nest.includes_last) return {widest};  // partial results side by side, whatever stands here
    widest.together = std::clamp<int64_t>(nest.length / nest.block, 1, target_.chains() / vectors);
    std::vector<StageSchedule> schedules = {widest};
    for (int64_t narrower = bounds::output_vectors / 2; narrower > 0; narrower /= 2)
      if (narrower < vectors) {
        schedules.push_back(widest);
        std::get<ReductionSchedule>(schedules.back()).columns = narrower * width;
      }
    if (widest.together > 1) {
      schedules.push_back(widest);
      std::get<ReductionSchedule>(schedules.back()).together = 1;
    }
    return schedules;
  }

  OutputsSchedule outputs() const {
    OutputsSchedule schedule;
    schedule.grain = point_.grain();
    if (node_.op->traits.access != Access::window) {
      schedule.columns = bounds::extreme_vectors * lanes(body_.type(node_.operands[0]).element);
      return schedule;
    }
    const bool scatters = node_.op->id == OpId::select_and_scatter;
    schedule.unroll = element_count(node_.attributes.integers("window")) <= bounds::unrolled_taps;
    schedule.columns =
        (scatters ? bounds::extreme_vectors : bounds::output_vectors) * lanes(node_.types[0].element);
    return schedule;
  }

  std::vector<StageSchedule> sorts() const {
    std::vector<StageSchedule> schedules;
    for (const bool insert : {true, false}) {
      if (insert && !node_.attributes.has("k")) continue;
      PointCost point = point_;
      point.nanoseconds *= sort_levels(body_, node_, insert);
      schedules.push_back(SortSchedule{insert, point.grain()});
    }
    return schedules;
  }

  const Graph& body_;
  StageKind kind_;
  const Node& node_;
  PointCost point_;
  const Target& target_;
};

// Whether working by rows saves anything: a lone reduction with an end of its own shape has loops of its own.
bool is_worth_rows(const Graph& body, const RowSweeps& rows) {
  if (rows.length() > longest_row) return false;
  if (rows.reductions().size() > 1) return true;
  return std::any_of(body.results().begin(), body.results().end(), [&](const NamedValue& result) {
    return body.type(result.value).shape.size() == rows.whole().size() &&
           element_count(body.type(result.value).shape) > rows.rows();
  });
}

}  // namespace

std::vector<StageSchedule> loop_candidates(const KernelStages& stages, size_t stage, const Target& target) {
  std::vector<StageSchedule> schedules = LoopMaker(stages, stage, target).make();
  std::erase_if(schedules, [&](const StageSchedule& part) { return !is_legal(stages, stage, part); });
  return schedules;
}

std::vector<StageSchedule> map_candidates(const KernelStages& stages, const std::vector<size_t>& results) {
  MapSchedule schedule;
  schedule.grain = map_points(stages.body(), most_elements(stages.body(), results)).grain();
  std::vector<StageSchedule> schedules = {schedule};
  schedule.cut = MapNest(stages, results).bounds();
  if (!schedule.cut.empty() && static_cast<int64_t>(schedule.cut.size()) <= bounds::cuts)
    schedules.push_back(schedule);
  return schedules;
}

// All that is costly and needed again is kept, as far as there is room; or nothing.
std::vector<StageSchedule> row_candidates(const Graph& body) {
  const std::optional<RowSweeps> rows = RowSweeps::of(body);
  if (!rows || !is_worth_rows(body, *rows)) return {};
  RowsSchedule schedule;
  schedule.grain = row_points(*rows, body).grain();
  std::vector<StageSchedule> schedules = {schedule};
  std::vector<uint32_t> worth;  // costly values that several stages need
  for (uint32_t i = 0; i < body.size(); ++i)
    if (rows->may_keep(i) && rows->sweeps_of(i) > 1 && body.node(i).op->traits.cost >= Cost::moderate)
      worth.push_back(i);
  int64_t bytes = 0;
  for (const uint32_t i : rows->read_again(worth)) {
    bytes += rows->kept_bytes(i);
    if (bytes <= RowSweeps::most_kept_bytes) schedule.keep.push_back(i);
  }
  if (!schedule.keep.empty()) schedules.push_back(schedule);
  return schedules;
}

}  // namespace gradus
