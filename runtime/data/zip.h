// ZIP archives as far as NPZ files need them: stored and deflated members, also the 64-bit format; no
// encryption, no parts on several disks. Sizes are checked before memory is asked for.
#pragma once

#include <string>
#include <vector>

#include "runtime/data/file.h"

namespace gradus {

struct ZipMember {
  std::string name;
  Bytes contents;
};

// `name` is the file's name in diagnostics. Malformed archives are program errors.
std::vector<ZipMember> parse_zip(ByteView archive, const std::string& name);

// An archive of stored (not compressed) members, below 4 GiB each and in all.
std::string format_zip(const std::vector<std::pair<std::string, std::string>>& members);

// Inflates a raw deflate stream (or, with `gzip`, a gzip file) of exactly `size` bytes.
Bytes inflate_exactly(ByteView compressed, uint64_t size, bool gzip, const std::string& name);

}  // namespace gradus
