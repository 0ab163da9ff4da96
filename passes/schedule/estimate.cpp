#include "passes/schedule/estimate.h"

#include <algorithm>

#include "ir/kernel/map_nest.h"
#include "ir/kernel/reduction_nest.h"
#include "ir/op.h"
#include "ir/ops/windows.h"
#include "ir/structure.h"

namespace gradus {

namespace {

int64_t lanes_of(ElementType element, const Target& target) {
  return std::max<int64_t>(1, target.lanes(element));
}

// So many outputs in panels of so many columns, `together` chains of each at once: lanes of last vectors that
// idle, latencies that no other chain hides, chains that no register holds.
double side_by_side(double nanoseconds, int64_t outputs, int64_t columns, int64_t together, int64_t lanes,
                    const Target& target) {
  if (outputs == 0) return nanoseconds;
  const Panels panels(outputs, std::min(columns, outputs));
  const int64_t wide = divide_up(panels.width, lanes);
  const int64_t vectors =
      panels.whole() * wide + (panels.whole() < panels.count ? divide_up(panels.last, lanes) : 0);
  const double full = nanoseconds * static_cast<double>(vectors * lanes) / static_cast<double>(outputs);
  const double waiting =
      target.multiply_add_latency * target.cycle_nanoseconds / static_cast<double>(panels.width * together);
  const double fitting = wide * together < target.vector_registers ? 1 : weights::spilled_step;
  return std::max(full, waiting) * fitting;
}

class StageCost {
 public:
  StageCost(const KernelStages& stages, size_t stage, const Target& target)
      : stages_(stages),
        stage_(stage),
        body_(stages.body()),
        node_(body_.node(stages.all()[stage].node)),
        target_(target) {}

  ScheduleCost operator()(const MapSchedule&) const { return of(points()); }
  ScheduleCost operator()(const RowsSchedule&) const { return {}; }  // of no stage
  ScheduleCost operator()(const ReductionSchedule& schedule) const {
    const ReductionNest nest(body_, node_);
    const PointCost point = points();
    if (nest.includes_last) return of(point);
    return of({side_by_side(point.nanoseconds, nest.outputs, schedule.columns, schedule.together,
                            lanes_of(node_.types[0].element, target_), target_),
               point.points});
  }
  ScheduleCost operator()(const OutputsSchedule& schedule) const {
    const PointCost point = points();
    return of({side_by_side(point.nanoseconds, element_count(node_.types[0].shape), schedule.columns, 1,
                            lanes_of(node_.types[0].element, target_), target_),
               point.points});
  }
  ScheduleCost operator()(const TileSchedule& tile) const {
    const std::optional<ContractionNest> nest = contraction_nest(stages_, stage_);
    if (!nest) return {};
    return estimate_tiles(*nest, tile, panel_width(*nest) > 0, node_.types[0].element, target_);
  }
  ScheduleCost operator()(const ScatterSchedule&) const { return of(points()); }
  ScheduleCost operator()(const SortSchedule& sort) const {
    PointCost point = points();
    point.nanoseconds *= sort_levels(body_, node_, sort.insert);
    return of(point);
  }
  ScheduleCost operator()(const SerialSchedule&) const { return {}; }

 private:
  PointCost points() const { return loop_points(stages_, stage_); }
  static ScheduleCost of(const PointCost& point) { return {.compute = point.nanoseconds * point.points}; }

  const KernelStages& stages_;
  size_t stage_;
  const Graph& body_;
  const Node& node_;
  const Target& target_;
};

double price_of_element(const Node& node) {
  if (node.op->family != OpFamily::elementwise) return 0;
  return node.op->traits.cost == Cost::costly ? weights::costly_operation : weights::cheap_operation;
}

double price_of_row(Cost cost) {
  return cost == Cost::costly ? weights::costly_operation : weights::cheap_row_operation;
}

}  // namespace

PointCost map_points(const Graph& body, int64_t elements) {
  double cost = weights::stored_element;
  for (uint32_t i = 0; i < body.size(); ++i) cost += price_of_element(body.node(i));
  return {cost, static_cast<double>(elements)};
}

PointCost row_points(const RowSweeps& rows, const Graph& body) {
  double cost = weights::row_start / static_cast<double>(rows.length());
  for (uint32_t i = 0; i < body.size(); ++i)
    if (body.node(i).types[0].shape == rows.whole()) cost += price_of_row(body.node(i).op->traits.cost);
  return {cost, static_cast<double>(rows.rows() * rows.length())};
}

PointCost loop_points(const KernelStages& stages, size_t stage) {
  const Graph& body = stages.body();
  const Node& node = body.node(stages.all()[stage].node);
  const auto elements = [&](Value value) {
    return static_cast<double>(element_count(body.type(value).shape));
  };
  switch (stages.all()[stage].kind) {
    case StageKind::map:
      return map_points(body, element_count(node.types[0].shape));
    case StageKind::reduction: {
      const ReductionNest nest(body, node);
      const bool folds = nest.includes_last && nest.outputs != 1;  // else threads share the blocks of one sum
      return {folds ? weights::folded_element : weights::added_element,
              static_cast<double>(nest.length * nest.outputs)};
    }
    case StageKind::outputs:
      if (node.op->traits.access != Access::window)
        return {weights::searched_element, elements(node.operands[0])};
      if (node.op->id == OpId::select_and_scatter)
        return {weights::scattered_window, elements(node.operands[0])};
      return {weights::plain_multiply_add,
              static_cast<double>(element_count(node.attributes.integers("window")) *
                                  element_count(node.types[0].shape))};
    case StageKind::contraction:
      return {weights::plain_multiply_add, static_cast<double>(multiply_adds(body, node))};
    case StageKind::scatter:
      return {weights::scattered_element, elements(node.operands[0])};
    case StageKind::sort:
      return {weights::compared_element, elements(node.operands[0])};
    case StageKind::serial:
      break;
  }
  return {};
}

double sort_levels(const Graph& body, const Node& node, bool insert) {
  const Shape& from = body.type(node.operands[0]).shape;
  const bool selects = node.attributes.has("k");
  const int64_t wanted = selects ? node.types[0].shape.back() : 0;
  if (insert && wanted <= bounds::inserted) return 1;
  const int64_t length = selects ? from.back() : from[static_cast<size_t>(node.attributes.integer("axis"))];
  double levels = 1;
  while ((int64_t{1} << static_cast<int>(levels)) < length) ++levels;
  return insert ? levels * static_cast<double>(wanted) / bounds::inserted : levels;
}

int64_t most_elements(const Graph& body, const std::vector<size_t>& results) {
  int64_t elements = 0;
  for (const size_t r : results)
    elements = std::max(elements, element_count(body.type(body.results()[r].value).shape));
  return elements;
}

ScheduleCost estimate_map(const KernelStages& stages, const std::vector<size_t>& results,
                          const MapSchedule& schedule) {
  const Graph& body = stages.body();
  const int64_t elements = most_elements(body, results);
  const MapNest nest(stages, results);
  if (nest.columns() == 0) {
    const PointCost point = map_points(body, elements);
    return {.compute = point.nanoseconds * point.points};
  }
  std::vector<int64_t> ends = schedule.cut;
  ends.push_back(nest.columns());
  double row = 0;
  int64_t begin = 0;
  for (const int64_t end : ends) {
    const MapNest::Element element = nest.element(begin, end);
    double point =
        weights::stored_element + weights::gathered_element * static_cast<double>(element.gathered);
    for (const uint32_t node : element.computed) point += price_of_element(body.node(node));
    row += point * static_cast<double>(end - begin);
    begin = end;
  }
  row += weights::further_loop * static_cast<double>(schedule.cut.size());
  return {.compute = row * static_cast<double>(elements / nest.columns())};
}

ScheduleCost estimate_rows(const RowSweeps& rows, const Graph& body, const RowsSchedule& schedule) {
  PointCost point = row_points(rows, body);
  point.nanoseconds += weights::kept_element * static_cast<double>(schedule.keep.size());
  const std::vector<int64_t> times = rows.times_computed(schedule.keep);
  for (uint32_t i = 0; i < body.size(); ++i)
    if (body.node(i).types[0].shape == rows.whole() && !is_input(body.node(i)))
      point.nanoseconds += static_cast<double>(std::max<int64_t>(0, times[i] - 1)) *
                           price_of_row(body.node(i).op->traits.cost);
  return {.compute = point.nanoseconds * point.points};
}

ScheduleCost estimate(const KernelStages& stages, size_t stage, const StageSchedule& part,
                      const Target& target) {
  return std::visit(StageCost(stages, stage, target), part);
}

std::vector<ScheduleCost> estimate(const Graph& body, const Schedule& schedule, const Target& target) {
  if (is_by_rows(schedule))
    return {estimate_rows(*RowSweeps::of(body), body, std::get<RowsSchedule>(schedule[0]))};
  const KernelStages stages(body);
  std::vector<ScheduleCost> costs;
  for (size_t stage = 0; stage < stages.all().size(); ++stage)
    costs.push_back(estimate(stages, stage, schedule[stage], target));
  if (const std::vector<size_t> left = stages.map_results(schedule); !left.empty())
    costs.push_back(estimate_map(stages, left, std::get<MapSchedule>(schedule.back())));
  return costs;
}

}  // namespace gradus
