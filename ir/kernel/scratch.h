// The memory that a kernel works in beside its operands and results: it follows from the body and the
// schedule, so that it is planned like any value.
#pragma once

#include <vector>

#include "ir/kernel/stages.h"

namespace gradus {

struct KernelScratch {
  enum class Use : uint8_t {
    home,  // a value that a stage stores and that is no result of the kernel
    work,  // partial results of a stage
  };
  Use use = Use::home;
  size_t stage = 0;
  Value value = {};  // of `home`
  ElementType element = ElementType::f32;
  int64_t count = 0;  // elements

  int64_t bytes() const { return count * size_in_bytes(element); }
};

std::vector<KernelScratch> kernel_scratch(const KernelStages& stages, const Schedule& schedule);

// The schedule of a kernel; the plain one if it has none.
Schedule schedule_of(const Node& kernel);
// The pieces of workspace, in bytes, that a kernel, scan or call needs beside its results, as attribute
// `scratch` places them.
std::vector<int64_t> scratch_bytes(const Node& node);
// The same of a scan or call whose body has been planned.
std::vector<int64_t> scratch_bytes(const Node& node, const Graph& planned_body);

}  // namespace gradus
