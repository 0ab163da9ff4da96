// What every fuzz target shares. Whatever the bytes are, a reader either gives a result or throws an Error of
// kind `program`; anything else (another exception, a sanitizer's report, a hang) is a finding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <span>
#include <string>
#include <string_view>

#include <unistd.h>

#include "ir/error.h"

namespace gradus::fuzz {

inline std::string_view text(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline std::span<const std::byte> bytes(const uint8_t* data, size_t size) {
  return std::as_bytes(std::span(data, size));
}

// For readers that take a file's name: the bytes as a file in memory.
inline std::string file_of(const uint8_t* data, size_t size) {
  static const std::string path = "/dev/shm/gradus-fuzz-" + std::to_string(getpid());
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(data), static_cast<std::streamsize>(size));
  return path;
}

// Not `assert`: it must hold in every build.
inline void require(bool holds, std::string_view what) {
  if (holds) return;
  std::cerr << "violated: " << what << '\n';
  std::abort();
}

// Runs `read`; a diagnostic about the input is as good as a result, but it must say something.
template <class Read>
int expect_result_or_diagnostic(Read read) {
  try {
    read();
  } catch (const Error& error) {
    require(error.kind() == ErrorKind::program, error.what());
    require(!error.diagnostics().empty(), "an error without a diagnostic");
    for (const Diagnostic& diagnostic : error.diagnostics())
      require(!diagnostic.message.empty() && !render(diagnostic).empty(), "an empty diagnostic");
  }
  return 0;
}

}  // namespace gradus::fuzz
