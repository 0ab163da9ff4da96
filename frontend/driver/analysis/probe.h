// Values inside a graph, computed again from its inputs by compiled code, hence with the same bits.
#pragma once

#include <span>
#include <vector>

#include "frontend/driver/compile/compile.h"
#include "passes/check_numerics.h"
#include "runtime/tensor.h"

namespace gradus {

class Probe {
 public:
  // With the options of another compiler, but silent.
  explicit Probe(CompilerOptions options);

  // `inputs` in the order of graph.inputs(). Nothing is updated. `stage`: the passes that the graph has seen.
  std::vector<Tensor> values(const Graph& graph, const std::vector<Tensor>& inputs,
                             std::span<const Value> values, Stage stage = Stage::optimized);

  // The body of a loop as a step of its own, which stops at the first value that is not finite.
  class Body {
   public:
    // The node that failed, by its number in the body; -1: none, and `results` are those of the body.
    int64_t run(const std::vector<Tensor>& inputs, std::vector<Tensor>& results);

   private:
    friend class Probe;
    std::shared_ptr<Executable> executable_;
  };
  Body body(const Graph& body, const InfiniteInputs& infinite);

 private:
  Compiler compiler_;
};

}  // namespace gradus
