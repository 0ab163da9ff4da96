#include "runtime/data/checksum.h"

#include <fmt/format.h>
#include <zlib.h>

#include "runtime/data/little_endian.h"

namespace gradus {

Checksum& Checksum::add(ByteView bytes) {
  // zlib takes a null pointer for the request of the initial value.
  if (!bytes.empty())
    value_ =
        static_cast<uint32_t>(crc32_z(value_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
  return *this;
}

Checksum& Checksum::add_text(std::string_view text) {
  std::string length;
  append_little_endian<uint64_t>(length, text.size());
  return add(std::as_bytes(std::span(length))).add(std::as_bytes(std::span(text)));
}

std::string Checksum::text() const { return fmt::format("{:08x}", value_); }

}  // namespace gradus
