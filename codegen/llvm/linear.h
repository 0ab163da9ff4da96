// Index arithmetic as a linear form over emitted values, so that constants become displacements, unit strides
// are recognized and unrolled loops need no simplification afterwards.
#pragma once

#include <cstdint>

#include <llvm/ADT/SmallVector.h>
#include <llvm/IR/Constants.h>
#include <llvm/IR/Value.h>

namespace gradus::emit {

// constant + lane_step * (number of the lane) + sum of factor * value. Wraps like i64.
struct Linear {
  struct Term {
    llvm::Value* value;  // i64, or a vector of i64 (one per lane)
    int64_t factor;
  };
  int64_t constant = 0;
  int64_t lane_step = 0;
  llvm::SmallVector<Term, 4> terms;

  Linear() = default;
  explicit Linear(int64_t number) : constant(number) {}
  explicit Linear(llvm::Value* value) {
    if (const auto* number = llvm::dyn_cast<llvm::ConstantInt>(value)) {
      constant = number->getSExtValue();
    } else {
      terms.push_back({value, 1});
    }
  }

  bool is_constant() const { return lane_step == 0 && terms.empty(); }
  bool has_vector_term() const {
    return llvm::any_of(terms, [](const Term& term) { return term.value->getType()->isVectorTy(); });
  }

  // a + b * c
  static int64_t wrap(int64_t a, int64_t b, int64_t c) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) +
                                static_cast<uint64_t>(b) * static_cast<uint64_t>(c));
  }

  // this += factor * other
  void add(const Linear& other, int64_t factor = 1) {
    constant = wrap(constant, other.constant, factor);
    lane_step = wrap(lane_step, other.lane_step, factor);
    for (const Term& term : other.terms) {
      auto* found = llvm::find_if(terms, [&](const Term& mine) { return mine.value == term.value; });
      if (found == terms.end()) {
        if (wrap(0, term.factor, factor) != 0) terms.push_back({term.value, wrap(0, term.factor, factor)});
      } else {
        found->factor = wrap(found->factor, term.factor, factor);
        if (found->factor == 0) terms.erase(found);
      }
    }
  }
};

}  // namespace gradus::emit
