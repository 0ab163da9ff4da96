// Where a training stands, besides its parameters: what a checkpoint holds so that the run can go on.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/training/parameters.h"

namespace gradus {

struct SavedTraining {
  // Position, sums of metrics, history, callbacks: by name, exactly.
  std::map<std::string, std::vector<double>> numbers;
  // Parameters at the end of earlier epochs, which a callback may restore.
  std::map<int64_t, std::shared_ptr<const Snapshot>> snapshots;
};

// Takes saved numbers one after the other. A checkpoint may hold anything: what cannot have been saved is a
// program error.
class SavedReader {
 public:
  SavedReader(std::span<const double> numbers, std::string what)
      : numbers_(numbers), what_(std::move(what)) {}
  double number();
  int64_t whole();
  std::vector<double> numbers(size_t count);
  size_t left() const { return numbers_.size() - next_; }
  void end() const;  // an error if there are more
  [[noreturn]] void fail() const;

 private:
  std::span<const double> numbers_;
  std::string what_;
  size_t next_ = 0;
};

}  // namespace gradus
