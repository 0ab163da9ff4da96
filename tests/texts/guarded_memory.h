// Memory that shows every access outside of it: pages that may not be touched before and behind, and a
// pattern in the bytes that alignment leaves between them and the array.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gradus::testing {

class GuardedMemory {
 public:
  explicit GuardedMemory(int64_t bytes);  // 64-byte aligned; throws std::bad_alloc
  GuardedMemory(const GuardedMemory&) = delete;
  GuardedMemory& operator=(const GuardedMemory&) = delete;
  ~GuardedMemory();

  std::byte* data() const { return data_; }
  int64_t size() const { return bytes_; }
  bool intact() const;  // nothing was written around the array

 private:
  std::byte* mapping_ = nullptr;
  size_t mapped_ = 0, page_ = 0;
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
};

}  // namespace gradus::testing
