// The stages of a kernel: what of its body is computed by loops of its own, one after the other, and what is
// left to the loops over its results.
#pragma once

#include <vector>

#include "ir/kernel/epilogue.h"
#include "ir/schedule.h"

namespace gradus {

// Which loops a stage is made of; what may be decided about them is its schedule (ir/schedule.h).
enum class StageKind : uint8_t { reduction, outputs, contraction, scatter, sort, serial, map };

struct KernelStage {
  StageKind kind = StageKind::map;
  uint32_t node = 0;
  bool check = false;  // the second result alone: the first is computed where it is read
};

class KernelStages {
 public:
  explicit KernelStages(const Graph& body);

  const Graph& body() const { return body_; }
  // In the order in which they run; the results that none of them stores come last (map_results).
  const std::vector<KernelStage>& all() const { return stages_; }
  // Whether the value lies in memory when a stage runs: an input, a table, or what an earlier stage stored.
  bool is_placed(Value value, size_t stage) const;
  Epilogue epilogue(size_t stage) const;
  // Whether the tiles of a stage compute what they can of the kernel on the way (ir/kernel/epilogue.h).
  bool has_epilogue(size_t stage, const Schedule& schedule) const;

  // Results of the kernel (positions) that are left to loops of their own.
  std::vector<size_t> map_results(const Schedule& schedule) const;
  // The same by the loops that they share: those of as many elements, all of which are computed at a position
  // before one is stored there. One that does not lie row-major has its own.
  std::vector<std::vector<size_t>> map_loops(const Schedule& schedule) const;

 private:
  const Graph& body_;
  std::vector<bool> table_;       // per node
  std::vector<size_t> stage_of_;  // per node; `none` where it has no stage
  std::vector<KernelStage> stages_;
};

// A constant whose values are listed lies in memory, as data of the program.
bool is_table(const Node& node);
bool is_by_rows(const Schedule& schedule);

}  // namespace gradus
