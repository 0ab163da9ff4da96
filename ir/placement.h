// Where a result of a kernel lies: an entry of its attribute `buffers`, which plan-buffers writes, lowering
// obeys, and texts show.
#pragma once

#include <cstdint>

namespace gradus {

// n >= 0: byte n of the workspace; -1 - k: result k of the graph; -1000001 - k: input k, in place (an
// update).
struct Placement {
  enum class Kind : uint8_t { workspace, result, update };
  // Of every offset in the workspace, in bytes: a cache line, and the widest vector.
  static constexpr int64_t alignment = 64;
  static constexpr int64_t first_update = -1000001;

  Kind kind = Kind::workspace;
  int64_t at = 0;

  static constexpr Placement of_entry(int64_t entry) {
    if (entry >= 0) return {Kind::workspace, entry};
    if (entry > first_update) return {Kind::result, -1 - entry};
    return {Kind::update, first_update - entry};
  }
  constexpr int64_t entry() const {
    return kind == Kind::workspace ? at : kind == Kind::result ? -1 - at : first_update - at;
  }
};

}  // namespace gradus
