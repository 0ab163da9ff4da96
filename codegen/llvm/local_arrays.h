// Decides, before a function is emitted, where its local arrays live and how its vectorized loops run. Pure
// analysis of loop IR.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "ir/loop/program.h"
#include "ir/target.h"

namespace gradus::emit {

enum class Residence : uint8_t {
  memory,            // parameters, workspace, and locals with a computed index: bytes with an address
  scalar_registers,  // one scalar per element: all indices are constants
  vector_registers,  // rows of vectors: the last index may also be a constant plus the vectorized variable
  lane_registers,    // declared in a vectorized loop, constant indices: one vector per element
  lane_memory,       // declared in a vectorized loop, computed indices: element-major vectors in memory
};

struct FunctionPlan {
  std::vector<Residence> buffers;                    // by buffer id
  std::unordered_set<const loop::For*> unrolled;     // vectorized loops that index vector registers
  std::unordered_map<const loop::For*, int> widest;  // vectorized loops: bytes of the widest element
};

FunctionPlan plan_function(const loop::Function& function, const Target& target);

// Lanes of the vectors that hold an array of these elements in registers.
int64_t register_lanes(const Target& target, ElementType element);

}  // namespace gradus::emit
