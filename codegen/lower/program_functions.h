// The functions of a program: what its graphs call is lowered once, wherever and however often it is called.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "codegen/lower/kernel.h"
#include "codegen/lower/kernel_functions.h"
#include "ir/graph.h"
#include "ir/schedule.h"

namespace gradus::lowering {

// A kernel that was lowered, with how its function is called.
struct KnownKernel {
  std::shared_ptr<const Graph> body;
  std::vector<int64_t> alias;  // per result, the operand whose memory it takes, or -1
  Schedule schedule;
  LoweredKernel lowered;  // without functions
};

// The body of a call. Its function takes the operands as the body's inputs lie, then the results, row-major
// (ir/copies.h).
struct Block {
  std::shared_ptr<const Graph> body;
  std::string name;
  int64_t workspace_bytes = 0;
};

class ProgramFunctions {
 public:
  explicit ProgramFunctions(const Target& target) : target_(target) {}

  // The node is a kernel, or an op that becomes one with a plain schedule.
  const KnownKernel& kernel(const Graph& graph, uint32_t index, const std::vector<int64_t>& alias);
  const Block& block(const Graph& graph, uint32_t index);
  // The function that copies so many elements.
  const std::string& copy(ElementType element, int64_t count);

  // Callees before callers.
  std::vector<loop::Function> take() &&;

 private:
  const Target& target_;
  std::unordered_multimap<size_t, KnownKernel> kernels_;  // by the body's hash
  std::unordered_multimap<size_t, Block> blocks_;         // likewise
  std::map<std::pair<ElementType, int64_t>, std::string> copies_;
  std::vector<loop::Function> copying_;
  KernelFunctions named_;
};

}  // namespace gradus::lowering
