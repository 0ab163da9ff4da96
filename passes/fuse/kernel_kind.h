// The kinds of kernels: what a kernel is built around, and for a single node, what it would be.
#pragma once

#include <cstdint>
#include <string_view>

#include "ir/graph.h"

namespace gradus {

enum class KernelKind : uint8_t {
  map,  // each element of the result from elements of the operands at computable places: pulled into users
  reduction,    // sum prod max min any all argmax argmin
  rows,         // several of those over the last axes of one shape (of groups only)
  contraction,  // dot conv
  alone,        // windows, scatter, cumsum, status, scan, sort …: a kernel by itself
  source,       // inputs
};

// Elements of a row beyond which a kernel is neither made for rows nor walked by them: from one of its stages
// to the next a row stays in the caches, 64 KiB of f32 for each value, and threads get a row at the least.
inline constexpr int64_t longest_row = 16'384;

KernelKind kernel_kind(const Node& node);
// As the attribute `kind` of a kernel says it.
std::string_view name(KernelKind kind);

// Map nodes that compute nothing (or next to nothing): repeated in every kernel that reads them.
bool is_free(const Node& node);
// Map nodes that cost as much as several memory accesses: never repeated per broadcast element.
bool is_expensive(const Node& node);

}  // namespace gradus
