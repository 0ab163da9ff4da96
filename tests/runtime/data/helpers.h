// Bytes, texts and files.
#pragma once

#include <string>

#include "runtime/data/file.h"
#include "tests/runtime/helpers.h"

namespace gradus::test {

inline ByteView bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

inline std::string text_of(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline std::string text_of_file(const std::string& path) { return text_of(read_file(path)); }

}  // namespace gradus::test
