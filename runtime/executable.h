// A compiled step that can be called: entry point, the description of its arguments, workspace and threads.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "ir/argument.h"
#include "runtime/abi.h"
#include "runtime/arena.h"
#include "runtime/bounds.h"
#include "runtime/parallel.h"
#include "runtime/tensor.h"

namespace gradus {

// Lists in the order of the calling convention. `parameters` holds parameters, then state.
struct ExecutableDescription {
  std::string name;
  std::vector<Argument> inputs;
  std::vector<Argument> parameters;
  std::vector<Argument> results;
  int64_t workspace_bytes = 0;
};

class Executable {
 public:
  // `code` keeps the machine code alive. Specializations of one program share arena and pool; without an
  // arena it gets its own, without a pool it runs serially.
  Executable(gradus_entry entry, ExecutableDescription description, std::shared_ptr<void> code = nullptr,
             std::shared_ptr<ThreadPool> pool = nullptr, std::shared_ptr<Arena> arena = nullptr);

  // From now on an index outside of its buffer ends a run with an error (kind program) that says where. The
  // run has stopped there; parameters and state may hold anything.
  void set_bounds_check(BoundsCheck bounds) { bounds_ = std::move(bounds); }

  const ExecutableDescription& description() const { return description_; }
  // -1 if there is none of that name.
  int64_t input_index(std::string_view name) const;
  int64_t result_index(std::string_view name) const;

  // The fast path: pointers in the order of the description, of its types, 64-byte aligned.
  gradus_status run(std::span<const void* const> inputs, std::span<void* const> parameters,
                    std::span<void* const> results, int64_t seed = 0, int64_t step = 1);

  // The same with tensors, whose types are checked (a difference is an internal error).
  gradus_status run(std::span<const Tensor> inputs, std::span<Tensor> parameters, std::span<Tensor> results,
                    int64_t seed = 0, int64_t step = 1);

  // Zeros of the results' types.
  std::vector<Tensor> make_results() const;

 private:
  gradus_entry entry_;
  ExecutableDescription description_;
  std::shared_ptr<void> code_;
  std::shared_ptr<ThreadPool> pool_;
  std::shared_ptr<Arena> arena_;
  BoundsCheck bounds_;
};

}  // namespace gradus
