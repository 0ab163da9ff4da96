// NumPy's files: NPY (one array) and NPZ (a zip file of them). Element types f4 f8 i4 i8 i1 u1 bool,
// little-endian, C order; anything else is rejected with a hint how to convert it.
#pragma once

#include <string>
#include <vector>

#include "runtime/data/file.h"
#include "runtime/tensor.h"

namespace gradus {

// `name` is the file's name in diagnostics; malformed files are program errors.
Tensor parse_npy(ByteView file, const std::string& name);
std::vector<NamedTensor> parse_npz(ByteView file, const std::string& name);
std::vector<NamedTensor> read_npz(const std::string& path);

std::string format_npy(const Tensor& tensor);
std::string format_npz(std::span<const NamedTensor> tensors);
void write_npz(const std::string& path, std::span<const NamedTensor> tensors);

}  // namespace gradus
