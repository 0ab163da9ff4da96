#include "runtime/training/saved_training.h"

#include <fmt/format.h>

#include "ir/error.h"

namespace gradus {

double SavedReader::number() {
  if (next_ == numbers_.size()) fail();
  return numbers_[next_++];
}

int64_t SavedReader::whole() {
  const double value = number();
  constexpr double exact = 9007199254740992;  // 2^53
  if (!(value >= -exact && value <= exact)) fail();
  return static_cast<int64_t>(value);
}

std::vector<double> SavedReader::numbers(size_t count) {
  if (count > left()) fail();
  const auto part = numbers_.subspan(next_, count);
  next_ += count;
  return {part.begin(), part.end()};
}

void SavedReader::end() const {
  if (left() != 0) fail();
}

void SavedReader::fail() const {
  fail_program(
      fmt::format("the checkpoint does not fit the program: what it holds of {} is malformed", what_), {},
      "resume with the program, data and options of the run");
}

}  // namespace gradus
