#include "ir/kernel/scratch.h"

#include <algorithm>

#include "ir/kernel/legal.h"
#include "ir/kernel/nests.h"
#include "ir/kernel/reduction_nest.h"
#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/structure.h"

namespace gradus {

namespace {

class Needs {
 public:
  Needs(const KernelStages& stages, const Schedule& schedule)
      : stages_(stages), body_(stages.body()), schedule_(schedule) {}

  std::vector<KernelScratch> find() && {
    for (size_t stage = 0; stage < stages_.all().size(); ++stage) {
      homes(stage);
      std::visit([&](const auto& part) { work(stage, part); }, schedule_[stage]);
    }
    return std::move(needs_);
  }

 private:
  const Node& node(size_t stage) const { return body_.node(stages_.all()[stage].node); }

  void add(KernelScratch need) {
    if (need.count > 0) needs_.push_back(need);
  }

  void homes(size_t stage) {
    if (stages_.has_epilogue(stage, schedule_) && !stages_.epilogue(stage).stores_contraction()) return;
    const uint32_t first = stages_.all()[stage].check ? 1 : 0;
    for (uint32_t r = first; r < node(stage).types.size(); ++r) {
      const Value value{stages_.all()[stage].node, r};
      const Type& type = body_.type(value);
      const auto is_it = [&](const NamedValue& result) { return result.value == value; };
      const bool is_result = std::any_of(body_.results().begin(), body_.results().end(), is_it);
      if (is_result && type.layout.is_default()) continue;
      // A value without elements has a place as well: something refers to it.
      needs_.push_back({KernelScratch::Use::home, stage, value, type.element, element_count(type.shape)});
    }
  }

  template <class Part>
  void work(size_t, const Part&) {}
  void work(size_t stage, const ReductionSchedule&) {
    const ReductionNest nest(body_, node(stage));
    if (nest.blocks > 1)
      add({KernelScratch::Use::work, stage, {}, node(stage).types[0].element, nest.blocks * nest.outputs});
  }
  // Two arrays of positions.
  void work(size_t stage, const SortSchedule& sort) {
    if (!sort.insert)
      add({KernelScratch::Use::work,
           stage,
           {},
           ElementType::i32,
           2 * element_count(body_.type(node(stage).operands[0]).shape)});
  }
  void work(size_t stage, const TileSchedule&) {
    const std::optional<ContractionNest> nest = contraction_nest(stages_, stage);
    const Type& type = node(stage).types[0];
    if (std::holds_alternative<FilterNest>(*nest))  // chains that wait
      add({KernelScratch::Use::work, stage, {}, type.element, element_count(type.shape)});
  }

  const KernelStages& stages_;
  const Graph& body_;
  const Schedule& schedule_;
  std::vector<KernelScratch> needs_;
};

}  // namespace

std::vector<KernelScratch> kernel_scratch(const KernelStages& stages, const Schedule& schedule) {
  if (is_by_rows(schedule)) return {};
  return Needs(stages, schedule).find();
}

Schedule schedule_of(const Node& kernel) {
  if (!kernel.attributes.has("schedule")) return plain_schedule(*kernel.body);
  return parse_schedule(kernel.attributes.text("schedule"), *kernel.body);
}

std::vector<int64_t> scratch_bytes(const Node& node, const Graph& planned_body) {
  if (is_scan(node)) return ops::scratch_bytes(node, planned_body);
  const int64_t workspace = planned_body.header().integer_or("workspace", 0);
  return workspace > 0 ? std::vector{workspace} : std::vector<int64_t>();
}

std::vector<int64_t> scratch_bytes(const Node& node) {
  if (runs_kernels(node)) return scratch_bytes(node, *node.body);
  std::vector<int64_t> bytes;
  if (!is_kernel(node)) return bytes;
  for (const KernelScratch& need : kernel_scratch(KernelStages(*node.body), schedule_of(node)))
    bytes.push_back(need.bytes());
  return bytes;
}

}  // namespace gradus
