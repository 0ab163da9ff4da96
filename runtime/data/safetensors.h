// The safetensors format: eight bytes of header length, a JSON header, then the tensors' bytes. Read strictly
// (the data must be covered exactly once), written atomically and reproducibly (tensors in the given order).
//
// What we write carries checksums (CRC-32) in its metadata: `crc32.NAME` of each tensor's name, type and
// bytes, `crc32` of the other metadata. A file that has any is read only if all are there and right; files of
// other tools have none.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "runtime/data/file.h"
#include "runtime/tensor.h"

namespace gradus {

using Metadata = std::map<std::string, std::string>;

struct Safetensors {
  std::vector<NamedTensor> tensors;  // in the order of the data
  Metadata metadata;
};

struct TensorReference {
  std::string name;
  const Tensor* tensor = nullptr;
};

// `name` is the file's name in diagnostics; malformed files are program errors.
Safetensors parse_safetensors(ByteView file, const std::string& name);
Safetensors read_safetensors(const std::string& path);

// Header length and header, with the checksums; the tensors' bytes follow.
std::string format_safetensors_header(std::span<const TensorReference> tensors, const Metadata& metadata);
void write_safetensors(const std::string& path, std::span<const TensorReference> tensors,
                       const Metadata& metadata = {});

}  // namespace gradus
