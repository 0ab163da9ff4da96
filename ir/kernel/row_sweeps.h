// A kernel of row form as sweeps: one for each reduction, each over all of the row, and a last one for the
// results.
#pragma once

#include <optional>
#include <vector>

#include "ir/row_form.h"

namespace gradus {

class RowSweeps {
 public:
  // The arrays of one row may take so many bytes in all: they lie on the stack of a thread.
  static constexpr int64_t most_kept_bytes = 256 << 10;

  // `form` is the body's.
  RowSweeps(const Graph& body, RowForm form);
  // Nothing if the body has no row form, or if a result lies in a layout of its own.
  static std::optional<RowSweeps> of(const Graph& body);

  const RowForm& form() const { return form_; }
  const Shape& whole() const { return whole_; }  // outer axes, then the row
  int64_t length() const { return length_; }
  int64_t rows() const { return element_count(form_.outer); }
  const std::vector<uint32_t>& reductions() const { return reductions_; }
  size_t count() const { return reductions_.size() + 1; }
  // What a sweep computes: the operand of its reduction, or the results.
  std::vector<Value> roots(size_t sweep) const;

  // Whether every sweep reads the node at its own element of the row, so that one array per row can keep it.
  bool may_keep(uint32_t node) const;
  // How many sweeps compute the node if nothing is kept.
  int64_t sweeps_of(uint32_t node) const { return sweeps_of_[node]; }
  int64_t kept_bytes(uint32_t node) const;
  // The sweep that computes each first if all of them are kept; count() where none does.
  std::vector<size_t> first_sweeps(const std::vector<uint32_t>& keep) const;
  // Those of them that a later sweep reads if all of them are kept: the last ones of chains.
  std::vector<uint32_t> read_again(const std::vector<uint32_t>& keep) const;
  // How many sweeps compute each node if all of them are kept.
  std::vector<int64_t> times_computed(const std::vector<uint32_t>& keep) const;

 private:
  struct Visit {
    bool here = false;   // at the row's element
    bool moved = false;  // elsewhere
  };
  void visit(Value value, bool moved, const std::vector<bool>& known, std::vector<Visit>& seen) const;
  struct Kept {
    std::vector<size_t> first;  // per node
    std::vector<bool> read;
    std::vector<int64_t> times;
  };
  Kept follow(const std::vector<uint32_t>& keep) const;

  const Graph* body_;
  RowForm form_;
  Shape whole_;
  int64_t length_ = 0;
  std::vector<uint32_t> reductions_;
  std::vector<int64_t> sweeps_of_;
  std::vector<bool> moved_;
};

}  // namespace gradus
