// Lowering of one kernel: a closed body graph becomes a function over flat buffers.
#pragma once

#include <string>
#include <vector>

#include "codegen/lower/values.h"
#include "codegen/schedule/schedule.h"
#include "ir/op.h"
#include "ir/reads.h"
#include "ir/target.h"

namespace gradus::lowering {

// Memory that a node's stage works in; none if the count is 0.
struct StageScratch {
  const char* role = "";
  ElementType element = ElementType::f32;
  int64_t count = 0;
};

struct Scratch {
  ElementType element = ElementType::f32;
  int64_t count = 0;
};

// The function's parameters are, in order: operands, results (but those that take an operand's memory),
// tables (constants of the body with many values), scratch.
struct LoweredKernel {
  std::string name;
  std::vector<loop::Function> functions;  // helpers first, the kernel last
  std::vector<Value> tables;              // nodes of the body
  std::vector<Scratch> scratch;
};

class Kernel {
 public:
  // `alias[r]` is the operand whose memory result r takes, or -1.
  Kernel(std::string name, const Graph& body, const std::vector<int64_t>& alias, const Target& target,
         const ScheduleOptions& options);

  const Graph& body;
  const Target& target;
  const ScheduleOptions& options;
  std::string name;
  std::vector<int64_t> results;  // buffer per result
  std::vector<int64_t> alias;
  std::vector<size_t> done;  // results that a stage has computed itself

  FunctionBuilder f;
  Values values;
  LoweredKernel lowered;

  const Type& type(Value value) const { return body.type(value); }
  // Where an element of a value that is only another view of memory lies; nothing if it has to be computed.
  struct InMemory {
    int64_t buffer = 0;
    Index index;
  };
  std::optional<InMemory> viewed(Value value, const Indices& tuple);
  // What the kernel's loops read of what lies in memory by now.
  Reads reads() {
    return {body, f.space, [this](Value value) { return values.is_at_hand(value); }};
  }
  // Ask for memory of the kernel's own before any local is declared.
  int64_t scratch(const std::string& role, ElementType element, int64_t count);
  // Where a value that loops compute, row-major, goes: a result of the kernel if it is one that lies so, else
  // scratch. From then on the value is placed there.
  int64_t home(Value value);
  // The scratch that a node's stage asked for beforehand, or -1.
  int64_t stage_scratch(uint32_t node) const {
    const auto it = stage_scratch_.find(node);
    return it == stage_scratch_.end() ? -1 : it->second;
  }
  void set_stage_scratch(uint32_t node, int64_t buffer) { stage_scratch_[node] = buffer; }
  int64_t lanes(ElementType element) const { return std::max<int64_t>(1, target.lanes(element)); }
  // A name for another function of the kernel.
  std::string helper_name(const std::string& role);

 private:
  std::map<uint32_t, int64_t> stage_scratch_;
  std::map<std::string, int> helpers_;  // how many there are of each role
};

LoweredKernel lower_kernel(std::string name, const Graph& body, const std::vector<int64_t>& alias,
                           const Target& target, const ScheduleOptions& options);

// Everything that is computed element by element, for these results (positions).
void lower_map(Kernel& kernel, const std::vector<size_t>& results);

// The stages. Each computes every result of the node into its home.
void lower_concat(Kernel& kernel, uint32_t node);  // part by part
void lower_reduction(Kernel& kernel, uint32_t node);
StageScratch reduction_scratch(Kernel& kernel, uint32_t node);
void lower_arg_reduction(Kernel& kernel, uint32_t node);
void lower_cumsum(Kernel& kernel, uint32_t node);
void lower_dot(Kernel& kernel, uint32_t node);   // the plain form
void lower_conv(Kernel& kernel, uint32_t node);  // the plain form
void lower_reduce_window(Kernel& kernel, uint32_t node);
void lower_select_and_gather(Kernel& kernel, uint32_t node);
void lower_select_and_scatter(Kernel& kernel, uint32_t node);
void lower_scatter_add(Kernel& kernel, uint32_t node);
void check_gather(Kernel& kernel, uint32_t node);  // its second result alone
void check_one_hot(Kernel& kernel, uint32_t node);
void lower_sort(Kernel& kernel, uint32_t node);
StageScratch sort_scratch(Kernel& kernel, uint32_t node);
void lower_top_k(Kernel& kernel, uint32_t node);
StageScratch top_k_scratch(Kernel& kernel, uint32_t node);
void lower_status(Kernel& kernel, uint32_t node);

// Whether x replaces `best` as the extreme: ties keep the first, a NaN wins and stays.
loop::Expression is_better(bool maximum, const loop::Expression& x, const loop::Expression& best);

}  // namespace gradus::lowering
