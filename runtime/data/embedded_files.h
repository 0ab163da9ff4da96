// The files of runtime/data/files, as they are, inside the program.
#pragma once

#include <span>
#include <string_view>

namespace gradus {

struct EmbeddedFile {
  std::string_view name;
  std::span<const unsigned char> bytes;
};

std::span<const EmbeddedFile> embedded_files();

}  // namespace gradus
