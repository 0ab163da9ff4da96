// CRC-32, which tells every change of up to 32 neighbouring bits: accidents, not attacks.
#pragma once

#include <string>
#include <string_view>

#include "runtime/data/file.h"

namespace gradus {

class Checksum {
 public:
  Checksum& add(ByteView bytes);
  // The text and its length, so that "ab", "c" differs from "a", "bc".
  Checksum& add_text(std::string_view text);

  uint32_t value() const { return value_; }
  std::string text() const;  // eight hexadecimal digits

 private:
  uint32_t value_ = 0;
};

}  // namespace gradus
