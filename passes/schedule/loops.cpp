// Schedules of everything but contractions: how many outputs are computed side by side, and how much work is
// worth a thread.
#include <algorithm>

#include "ir/kernel/nests.h"
#include "ir/kernel/reduction_nest.h"
#include "ir/kernel/row_stages.h"
#include "ir/op.h"
#include "ir/ops/windows.h"
#include "passes/fuse/kernel_kind.h"
#include "passes/schedule/choose.h"

namespace gradus {

namespace {

// Vectors side by side: enough chains to hide a latency of four cycles.
constexpr int64_t vectors_of_sums = 4;
// Half as many where each output keeps more than a number: the extreme and where it is.
constexpr int64_t vectors_of_extremes = 2;
// Chains at once, over vectors side by side and blocks of a sum.
constexpr int64_t chains_at_once = 8;
// Longer lists are sorted faster by merging.
constexpr int64_t longest_insertion = 32;
// Larger windows are loops.
constexpr int64_t most_unrolled_taps = 16;

// Nanoseconds of one element where it is vectorized along.
constexpr double added_element = 0.05;
constexpr double folded_element = 0.1;  // of a row, its 64 partial results folded
constexpr double searched_element = 1;
constexpr double scattered_element = 1;
constexpr double compared_element = 3;  // by a sort, per level of its merging
constexpr double scattered_window = 2;  // per element that windows choose among

Candidate candidate(StageSchedule schedule, double nanoseconds_per_point, double points) {
  return {std::move(schedule), {.compute = nanoseconds_per_point * points}};
}

class LoopChooser {
 public:
  LoopChooser(const KernelStages& stages, size_t stage, const Target& target)
      : body_(stages.body()), kind_(stages.all()[stage].kind), target_(target) {
    node_ = &body_.node(stages.all()[stage].node);
  }

  Candidate choose() const {
    switch (kind_) {
      case StageKind::map:
        return map_candidate(body_, element_count(node_->types[0].shape));
      case StageKind::reduction:
        return reduction();
      case StageKind::outputs:
        return outputs();
      case StageKind::contraction:
        return plain_contraction();
      case StageKind::scatter: {
        const auto points = static_cast<double>(element_count(body_.type(node_->operands[0]).shape));
        return candidate(ScatterSchedule{grain(scattered_element, points)}, scattered_element, points);
      }
      case StageKind::sort:
        return sort();
      case StageKind::serial:
        break;
    }
    return candidate(SerialSchedule{}, 0, 0);
  }

 private:
  int64_t lanes(ElementType element) const { return std::max<int64_t>(1, target_.lanes(element)); }

  Candidate reduction() const {
    const ReductionNest nest(body_, *node_);
    const double points = static_cast<double>(nest.length * nest.outputs);
    ReductionSchedule schedule;
    schedule.columns = vectors_of_sums * lanes(node_->types[0].element);
    const bool shares_blocks = nest.includes_last && nest.outputs == 1;
    const double cost = nest.includes_last && !shares_blocks ? folded_element : added_element;
    schedule.grain = grain(cost, points);
    const int64_t vectors = std::clamp<int64_t>(
        (nest.outputs + lanes(node_->types[0].element) - 1) / lanes(node_->types[0].element), 1,
        vectors_of_sums);
    if (!nest.includes_last)
      schedule.together = std::clamp<int64_t>(nest.length / nest.block, 1, chains_at_once / vectors);
    return candidate(schedule, cost, points);
  }

  Candidate outputs() const {
    const Type& operand = body_.type(node_->operands[0]);
    const ElementType element = node_->types[0].element;
    OutputsSchedule schedule;
    if (node_->op->traits.access != Access::window) {
      schedule.columns = vectors_of_extremes * lanes(operand.element);
      const auto points = static_cast<double>(element_count(operand.shape));
      schedule.grain = grain(searched_element, points);
      return candidate(schedule, searched_element, points);
    }
    const int64_t taps = element_count(node_->attributes.integers("window"));
    schedule.unroll = taps <= most_unrolled_taps;
    const bool scatters = node_->op->id == OpId::select_and_scatter;
    schedule.columns = (scatters ? vectors_of_extremes : vectors_of_sums) * lanes(element);
    const double cost = scatters ? scattered_window : plain_multiply_add;
    const auto points = static_cast<double>(scatters ? element_count(operand.shape)
                                                     : taps * element_count(node_->types[0].shape));
    schedule.grain = grain(cost, points);
    return candidate(schedule, cost, points);
  }

  Candidate plain_contraction() const {
    OutputsSchedule schedule;
    schedule.columns = vectors_of_sums * lanes(node_->types[0].element);
    const auto points = static_cast<double>(multiply_adds(body_, *node_));
    schedule.grain = grain(plain_multiply_add, points);
    return candidate(schedule, plain_multiply_add, points);
  }

  Candidate sort() const {
    const Shape& from = body_.type(node_->operands[0]).shape;
    const bool few = node_->attributes.has("k") && node_->types[0].shape.back() <= longest_insertion;
    const int64_t length = node_->attributes.has("k")
                               ? from.back()
                               : from[static_cast<size_t>(node_->attributes.integer("axis"))];
    double levels = 1;
    while (!few && (int64_t{1} << static_cast<int>(levels)) < length) ++levels;
    const auto points = static_cast<double>(element_count(from));
    const double cost = compared_element * levels;
    return candidate(SortSchedule{few, grain(cost, points)}, cost, points);
  }

  const Graph& body_;
  StageKind kind_;
  const Node* node_;
  const Target& target_;
};

// Whether working by rows saves anything: a lone reduction with an end of its own shape has loops of its own.
bool is_worth_rows(const Graph& body, const RowStages& rows) {
  if (rows.length() > longest_row) return false;
  if (rows.reductions().size() > 1) return true;
  return std::any_of(body.results().begin(), body.results().end(), [&](const NamedValue& result) {
    return body.type(result.value).shape.size() == rows.whole().size() &&
           element_count(body.type(result.value).shape) > rows.rows();
  });
}

}  // namespace

std::vector<Candidate> loop_candidates(const KernelStages& stages, size_t stage, const Target& target) {
  return {LoopChooser(stages, stage, target).choose()};
}

Candidate map_candidate(const Graph& body, int64_t elements) {
  constexpr double stored_element = 0.1, cheap = 0.04, costly = 0.3;  // nanoseconds
  double cost = stored_element;
  for (uint32_t i = 0; i < body.size(); ++i)
    if (body.node(i).op->family == OpFamily::elementwise)
      cost += body.node(i).op->traits.cost == Cost::costly ? costly : cheap;
  MapSchedule schedule;
  schedule.grain = grain(cost, static_cast<double>(elements));
  return candidate(schedule, cost, static_cast<double>(elements));
}

std::vector<Candidate> row_candidates(const Graph& body) {
  const std::optional<RowStages> rows = RowStages::of(body);
  if (!rows || !is_worth_rows(body, *rows)) return {};
  constexpr double row = 10, cheap = 0.05, costly = 0.3;  // nanoseconds, of a row and of an element
  RowsSchedule schedule;
  std::vector<uint32_t> worth;  // costly values that several stages need
  double cost = row / static_cast<double>(rows->length());
  for (uint32_t i = 0; i < body.size(); ++i) {
    const Cost price = body.node(i).op->traits.cost;
    if (rows->may_keep(i) && rows->stages_of(i) > 1 && price >= Cost::moderate) worth.push_back(i);
    if (body.node(i).types[0].shape == rows->whole()) cost += price == Cost::costly ? costly : cheap;
  }
  int64_t bytes = 0;
  for (const uint32_t i : rows->read_again(worth)) {
    bytes += rows->kept_bytes(i);
    if (bytes <= RowStages::most_kept_bytes) schedule.keep.push_back(i);
  }
  const auto points = static_cast<double>(rows->rows() * rows->length());
  schedule.grain = grain(cost, points);
  return {candidate(schedule, cost, points)};
}

}  // namespace gradus
