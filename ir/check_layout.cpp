#include "ir/check_layout.h"

#include <fmt/format.h>

#include <vector>

namespace gradus {

std::string layout_problem(const Type& type) {
  const size_t rank = type.shape.size();
  const auto fits = [&](const std::vector<int64_t>& list) { return list.empty() || list.size() == rank; };
  const Layout& layout = type.layout;
  if (!fits(layout.order) || !fits(layout.tiling) || !fits(layout.padding))
    return fmt::format("the layout of {} has another rank", to_string(type));
  std::vector<bool> named(rank, false);
  for (const int64_t axis : layout.order) {
    if (axis < 0 || axis >= static_cast<int64_t>(rank) || named[static_cast<size_t>(axis)])
      return fmt::format("the layout of {} does not name each axis once", to_string(type));
    named[static_cast<size_t>(axis)] = true;
  }
  for (const int64_t tile : layout.tiling)
    if (tile < 1) return fmt::format("the layout of {} has tiles of {}", to_string(type), tile);
  for (const int64_t more : layout.padding)
    if (more < 0) return fmt::format("the layout of {} is padded by {}", to_string(type), more);
  if (!checked_stored_count(type)) return fmt::format("{} takes more than 2^48 bytes", to_string(type));
  return {};
}

}  // namespace gradus
