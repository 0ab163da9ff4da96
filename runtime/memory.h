// Owned memory, aligned to 64 bytes as the calling convention asks (a cache line and an AVX-512 vector).
#pragma once

#include <cstddef>
#include <cstdint>

namespace gradus {

inline constexpr size_t memory_alignment = 64;

class AlignedMemory {
 public:
  AlignedMemory() = default;
  // Zeroed. Throws an environment error when the machine has not that much memory.
  explicit AlignedMemory(int64_t bytes);
  AlignedMemory(const AlignedMemory& other);
  AlignedMemory(AlignedMemory&& other) noexcept;
  AlignedMemory& operator=(AlignedMemory other) noexcept;
  ~AlignedMemory();

  void* data() { return data_; }
  const void* data() const { return data_; }
  int64_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  int64_t size_ = 0;
};

}  // namespace gradus
