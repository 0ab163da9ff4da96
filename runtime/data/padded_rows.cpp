#include "runtime/data/padded_rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "runtime/memory_request.h"

namespace gradus {

void require_padded(const TextFile& file, size_t rows, int64_t width, bool limited) {
  require_memory(
      {fmt::format("{}: {} rows, padded to {} ids", file.path(), rows, width),
       static_cast<double>(rows) * static_cast<double>(width) * sizeof(int32_t),
       limited ? std::nullopt : std::optional<uint64_t>(file.text().size()),
       "rows are as long as the longest sentence; `limit: 100` leaves longer ones out, or cuts them"});
}

Tensor padded(const std::vector<std::vector<int32_t>>& rows, int64_t width) {
  Tensor ids(Type(ElementType::i32, {static_cast<int64_t>(rows.size()), width}));
  const auto values = ids.values<int32_t>();
  for (size_t i = 0; i < rows.size(); ++i)
    std::copy_n(rows[i].begin(), std::min(rows[i].size(), static_cast<size_t>(width)),
                values.begin() + static_cast<std::ptrdiff_t>(i * static_cast<size_t>(width)));
  return ids;
}

}  // namespace gradus
