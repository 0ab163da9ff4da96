#include "runtime/data/batches.h"

#include <algorithm>
#include <utility>

#include "ir/error.h"
#include "ir/random.h"

namespace gradus {

void shuffle(std::span<int64_t> rows, int64_t seed, int64_t step, std::string_view site) {
  if (rows.size() >= uint64_t{1} << 32) fail_program("more than 2^32 rows cannot be shuffled");
  const random::Draw draw{seed, step, random::site(site, 0), 0};
  for (size_t i = rows.size(); i-- > 1;) {
    const uint64_t bits = random::bits(draw, static_cast<int64_t>(i));
    std::swap(rows[i], rows[(bits * (i + 1)) >> 32]);
  }
}

std::vector<int64_t> epoch_order(std::span<const int64_t> rows, int64_t seed, int64_t epoch, bool shuffled) {
  std::vector<int64_t> order(rows.begin(), rows.end());
  if (shuffled) shuffle(order, seed, epoch, "data.shuffle");
  return order;
}

int64_t batch_count(int64_t rows, int64_t batch, bool drop_last) {
  if (batch < 1) fail_program("a batch must have at least one row");
  const bool rest = rows % batch != 0;
  return rows / batch + (rest && !(drop_last && rows >= batch));
}

std::span<const int64_t> batch_rows(std::span<const int64_t> order, int64_t batch, int64_t index) {
  const auto rows = static_cast<int64_t>(order.size());
  const int64_t begin = index * batch;
  return order.subspan(static_cast<size_t>(begin), static_cast<size_t>(std::min(batch, rows - begin)));
}

}  // namespace gradus
