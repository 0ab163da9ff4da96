#include "runtime/memory.h"

#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <utility>

#include "ir/error.h"
#include "runtime/memory_request.h"

namespace gradus {

AlignedMemory::AlignedMemory(int64_t bytes) : size_(bytes) {
  if (bytes < 0) fail_internal("negative size of memory");
  // aligned_alloc wants a multiple of the alignment; an empty tensor still gets an address.
  const size_t rounded =
      (static_cast<size_t>(bytes) / memory_alignment + (bytes % memory_alignment != 0 || bytes == 0)) *
      memory_alignment;
  // The system gives what it has not, and ends the process when it is used.
  require_memory({"a value", static_cast<double>(bytes)});
  data_ = std::aligned_alloc(memory_alignment, rounded);
  if (!data_) fail_environment(fmt::format("out of memory: {} bytes are not to be had", bytes));
  std::memset(data_, 0, rounded);
}

AlignedMemory::AlignedMemory(const AlignedMemory& other) {
  if (!other.data_) return;
  AlignedMemory copy(other.size_);
  if (other.size_ > 0) std::memcpy(copy.data_, other.data_, static_cast<size_t>(other.size_));
  std::swap(data_, copy.data_);
  std::swap(size_, copy.size_);
}

AlignedMemory::AlignedMemory(AlignedMemory&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

AlignedMemory& AlignedMemory::operator=(AlignedMemory other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

AlignedMemory::~AlignedMemory() { std::free(data_); }

}  // namespace gradus
