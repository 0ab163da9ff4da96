// IDX, the format of MNIST: two zero bytes, a type, the number of axes, big-endian extents, the elements.
#pragma once

#include <optional>
#include <string>

#include "runtime/data/data_set.h"
#include "runtime/data/file.h"

namespace gradus {

// Bytes stay u8; 16-bit and 32-bit integers become i32. `name` is the file's name in diagnostics; malformed
// files are program errors.
Tensor parse_idx(ByteView file, const std::string& name);

// A column of an IDX file (or .gz). Bytes in three or four axes are pixels: [rows, height, width, channels]
// from 0 to 1; integers in one axis are labels, i32.
Column idx_column(const std::string& name, const std::string& path);

// The four files of MNIST or Fashion-MNIST in one folder: image f32 [28, 28, 1] from 0 to 1 and label i32,
// the t10k files as test part. `limit` keeps the first training rows.
DataSet mnist_data_set(const std::string& name, const std::string& folder,
                       std::optional<int64_t> limit = std::nullopt);

}  // namespace gradus
