// Lowering of one kernel: a closed body graph becomes a function over flat buffers.
#pragma once

#include <string>
#include <vector>

#include "codegen/lower/values.h"
#include "ir/kernel/scratch.h"
#include "ir/op.h"
#include "ir/reads.h"
#include "ir/target.h"

namespace gradus::lowering {

// The function's parameters are, in order: operands, results (but those that take an operand's memory),
// tables (constants of the body with many values), scratch.
struct LoweredKernel {
  std::string name;
  std::vector<loop::Function> functions;  // helpers first, the kernel last
  std::vector<Value> tables;              // nodes of the body
  std::vector<KernelScratch> scratch;
};

class Kernel {
 public:
  // `alias[r]` is the operand whose memory result r takes, or -1.
  Kernel(std::string name, const Graph& body, const std::vector<int64_t>& alias, const Schedule& schedule,
         const Target& target);

  const Graph& body;
  const Schedule& schedule;
  const Target& target;
  std::string name;
  KernelStages stages;
  std::vector<int64_t> results;  // buffer per result
  std::vector<int64_t> alias;

  FunctionBuilder f;
  Values values;
  LoweredKernel lowered;

  const Type& type(Value value) const { return body.type(value); }
  uint32_t node_of(size_t stage) const { return stages.all()[stage].node; }
  // The schedule of a stage, whose kind the caller knows.
  template <class Part>
  const Part& part(size_t stage) const {
    return std::get<Part>(schedule[stage]);
  }
  // What the kernel's loops read of what lies in memory by now.
  Reads reads() {
    return {body, f.space, [this](Value value) { return values.is_at_hand(value); }};
  }
  // The memory of a value that a stage stores.
  int64_t home(Value value) const { return values.placed(value); }
  // What a stage works in, or -1.
  int64_t work(size_t stage) const {
    const auto it = work_.find(stage);
    return it == work_.end() ? -1 : it->second;
  }
  int64_t lanes(ElementType element) const { return std::max<int64_t>(1, target.lanes(element)); }
  // A name for another function of the kernel.
  std::string helper_name(const std::string& purpose);

 private:
  void place_inputs();
  void place_scratch();
  void place_stored();

  std::map<size_t, int64_t> work_;      // by stage
  std::map<std::string, int> helpers_;  // how many there are of each purpose
};

LoweredKernel lower_kernel(std::string name, const Graph& body, const std::vector<int64_t>& alias,
                           const Schedule& schedule, const Target& target);

// How many iterations of a loop that threads share make a task, from the points (ir/schedule.h) of one; all
// of them where there is not enough for two tasks.
int64_t iterations_of_task(int64_t grain, int64_t points, int64_t count);

// Everything that is computed element by element, for these results (positions).
void lower_map(Kernel& kernel, const std::vector<size_t>& results, const MapSchedule& schedule);

// The stages. Each computes every result of its node into its home.
void lower_concat(Kernel& kernel, size_t stage);  // part by part
void lower_reduction(Kernel& kernel, size_t stage);
void lower_arg_reduction(Kernel& kernel, size_t stage);
void lower_cumsum(Kernel& kernel, size_t stage);
void lower_dot(Kernel& kernel, size_t stage);   // the plain form
void lower_conv(Kernel& kernel, size_t stage);  // the plain form
void lower_tiles(Kernel& kernel, size_t stage);
void lower_reduce_window(Kernel& kernel, size_t stage);
void lower_select_and_gather(Kernel& kernel, size_t stage);
void lower_select_and_scatter(Kernel& kernel, size_t stage);
void lower_scatter_add(Kernel& kernel, size_t stage);
void check_gather(Kernel& kernel, size_t stage);  // its second result alone
void check_one_hot(Kernel& kernel, size_t stage);
void lower_sort(Kernel& kernel, size_t stage);  // top_k as well
void lower_status(Kernel& kernel, size_t stage);

// Whether x replaces `best` as the extreme: ties keep the first, a NaN wins and stays.
loop::Expression is_better(bool maximum, const loop::Expression& x, const loop::Expression& best);

}  // namespace gradus::lowering
