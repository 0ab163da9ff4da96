#include "ir/digest.h"

#include <fmt/format.h>

#include <cstring>

namespace gradus {

void Digest::add(const void* data, size_t size) {
  add_word(size);
  const auto* bytes = static_cast<const unsigned char*>(data);
  for (; size >= sizeof(uint64_t); bytes += sizeof(uint64_t), size -= sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes, sizeof(word));
    add_word(word);
  }
  uint64_t rest = 0;
  if (size > 0) std::memcpy(&rest, bytes, size);  // no bytes may be no address either
  add_word(rest);
}

std::string Digest::text() const { return fmt::format("{:016x}", state_); }

void Digest::add_word(uint64_t word) {
  state_ = (state_ ^ word) * 0x100000001b3;
  state_ ^= state_ >> 32;
}

}  // namespace gradus
