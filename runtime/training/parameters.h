// The storage of a program: its parameters and state, known by their paths.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/executable.h"
#include "runtime/tensor.h"

namespace gradus {

// Values of a whole set, in its order.
using Snapshot = std::vector<Tensor>;

class ParameterSet {
 public:
  // Paths are unique; kind is parameter or state.
  void add(std::string path, ArgumentKind kind, Tensor value);

  size_t size() const { return entries_.size(); }
  const std::string& path(size_t index) const { return entries_[index].path; }
  ArgumentKind kind(size_t index) const { return entries_[index].kind; }
  Tensor& value(size_t index) { return entries_[index].value; }
  const Tensor& value(size_t index) const { return entries_[index].value; }
  // -1 if there is none.
  int64_t find(std::string_view path) const;
  const Tensor& operator[](std::string_view path) const;  // an unknown path is an internal error

  // Addresses in the order of a step's description, which may use a part of the set. Stable as long as
  // nothing is added; copying values (`assign`) keeps them.
  std::vector<void*> addresses(const ExecutableDescription& step);

  Snapshot snapshot() const;
  void assign(const Snapshot& snapshot);

 private:
  struct Entry {
    std::string path;
    ArgumentKind kind;
    Tensor value;
  };
  std::vector<Entry> entries_;
  std::map<std::string, size_t, std::less<>> index_;
};

}  // namespace gradus
