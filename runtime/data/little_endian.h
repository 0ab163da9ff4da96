// Numbers in files, lowest byte first. The caller has checked that the bytes are there.
#pragma once

#include <concepts>
#include <string>

#include "runtime/data/file.h"

namespace gradus {

template <std::unsigned_integral T>
T load_little_endian(ByteView bytes, size_t offset) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i)
    value = static_cast<T>(value | static_cast<T>(static_cast<T>(bytes[offset + i]) << (8 * i)));
  return value;
}

template <std::unsigned_integral T>
void append_little_endian(std::string& out, T value) {
  for (size_t i = 0; i < sizeof(T); ++i)
    out += static_cast<char>(static_cast<unsigned char>(value >> (8 * i)));
}

}  // namespace gradus
