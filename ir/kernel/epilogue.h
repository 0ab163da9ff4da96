// The epilogue of a contraction: what of a kernel may be computed on a tile of its values while they are in
// registers.
#pragma once

#include <vector>

#include "ir/reads.h"

namespace gradus {

class Epilogue {
 public:
  // `is_placed`: the value lies in memory when the contraction runs.
  Epilogue(const Graph& body, Value contraction, Reads::IsAtHand is_placed);

  Value contraction() const { return contraction_; }
  // Results of the body (positions) that need the contraction at their own position only.
  const std::vector<size_t>& fused() const { return fused_; }
  // Whether something else reads the contraction's values, so that they have to be stored.
  bool stores_contraction() const { return stores_contraction_; }
  // What a tile stores: the fused results, then the contraction if it has to be.
  std::vector<Value> outputs() const;
  // Values in memory that computing the outputs reads.
  const std::vector<Value>& operands() const { return operands_; }
  // Costly elementwise operations count three, others one.
  int64_t operations() const { return operations_; }
  // The value up to which the epilogue needs a position (a bias, say); what follows is the same for every
  // element and may run over elements in memory order. Nothing if there is no such value.
  Value pivot() const { return pivot_; }

  // The indices that computing the outputs at one position uses, and that they are stored at.
  std::vector<Index> used(const std::vector<Axis>& axes, IndexSpace& space) const;

 private:
  bool fuses(Value result) const;
  Reads reads(const std::vector<Axis>& axes, IndexSpace& space, const std::vector<Value>& values) const;
  void reach(Value value, std::vector<bool>& seen) const;
  bool is_flat(Value value) const;
  Value find_pivot() const;

  const Graph& body_;
  Value contraction_;
  Reads::IsAtHand is_placed_;
  std::vector<size_t> fused_;
  bool stores_contraction_ = false;
  std::vector<Value> operands_;
  int64_t operations_ = 0;
  Value pivot_;
};

}  // namespace gradus
