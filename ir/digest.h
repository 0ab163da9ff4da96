// FNV-1a over words of eight bytes: it tells accidents apart, not attacks. It depends on what was added
// alone, so that two processes agree; files and names hold what it says, so it never changes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gradus {

class Digest {
 public:
  // The bytes and how many there are, so that "ab", "c" differs from "a", "bc".
  void add(const void* data, size_t size);
  void add(std::string_view text) { add(text.data(), text.size()); }

  uint64_t value() const { return state_; }
  std::string text() const;  // sixteen hexadecimal digits

 private:
  void add_word(uint64_t word);
  uint64_t state_ = 0xcbf29ce484222325;
};

}  // namespace gradus
