#include "ir/kernel/in_place.h"

#include <algorithm>
#include <limits>

#include "ir/dependence.h"
#include "ir/kernel/scratch.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus {

namespace {

constexpr size_t own_loops = std::numeric_limits<size_t>::max();

// By result, which loops store it: those over a contraction's tiles, or those over what no stage stores. Both
// compute all of their results at a position before they store one of them there. A result that a stage
// stores for itself has loops of its own.
std::vector<size_t> loops_of_results(const KernelStages& stages, const Schedule& schedule) {
  std::vector<size_t> loops(stages.body().results().size(), own_loops);
  for (size_t stage = 0; stage < stages.all().size(); ++stage) {
    if (!stages.has_epilogue(stage, schedule)) continue;
    const Epilogue epilogue = stages.epilogue(stage);
    for (const size_t r : epilogue.fused()) loops[r] = stage;
  }
  size_t next = stages.all().size();
  for (const std::vector<size_t>& shared : stages.map_loops(schedule)) {
    for (const size_t r : shared) loops[r] = next;
    ++next;
  }
  return loops;
}

}  // namespace

bool may_overwrite(const Node& kernel, uint32_t result, Value operand) {
  const Schedule schedule = schedule_of(kernel);
  if (is_by_rows(schedule)) return false;  // its results may be stored in different sweeps
  const Graph& body = *kernel.body;
  const KernelStages stages(body);
  std::vector<bool> reads(body.size(), false);
  for (size_t k = 0; k < kernel.operands.size(); ++k)
    if (kernel.operands[k] == operand) reads[body.inputs()[k].value.node] = true;
  reads = dependent_on(body, std::move(reads));
  // Elementwise ops are computed where they are read; so no stage reads the operand for its own value.
  for (uint32_t i = 0; i < body.size(); ++i)
    if (reads[i] && !is_input(body.node(i)) && body.node(i).op->family != OpFamily::elementwise) return false;
  const std::vector<size_t> loops = loops_of_results(stages, schedule);
  if (loops[result] == own_loops) return false;
  for (size_t r = 0; r < loops.size(); ++r)
    if (reads[body.results()[r].value.node] && loops[r] != loops[result]) return false;
  return true;
}

}  // namespace gradus
