#include "tests/texts/guarded_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace gradus::testing {

namespace {

constexpr std::byte pattern{0xa5};

bool holds_pattern(const std::byte* begin, const std::byte* end) {
  return std::all_of(begin, end, [](std::byte b) { return b == pattern; });
}

}  // namespace

GuardedMemory::GuardedMemory(int64_t bytes)
    : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))), bytes_(bytes) {
  const size_t aligned = (static_cast<size_t>(bytes) + 63) / 64 * 64;
  const size_t inner = (std::max<size_t>(aligned, 1) + page_ - 1) / page_ * page_;
  mapped_ = inner + 2 * page_;
  void* mapping = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapping == MAP_FAILED) throw std::bad_alloc();
  mapping_ = static_cast<std::byte*>(mapping);
  std::fill_n(mapping_ + page_, inner, pattern);
  mprotect(mapping_, page_, PROT_NONE);
  mprotect(mapping_ + page_ + inner, page_, PROT_NONE);
  data_ = mapping_ + page_ + inner - aligned;
}

GuardedMemory::~GuardedMemory() { munmap(mapping_, mapped_); }

bool GuardedMemory::intact() const {
  return holds_pattern(mapping_ + page_, data_) && holds_pattern(data_ + bytes_, mapping_ + mapped_ - page_);
}

}  // namespace gradus::testing
