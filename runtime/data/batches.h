// The order in which an epoch sees its rows, and the batches that it is cut into.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace gradus {

// Fisher–Yates: for i = n-1 … 1, place i is exchanged with place floor(bits(i) · (i + 1) / 2^32), where
// bits(i) is element i of the draw (seed, step, site `site`#0). Needs fewer than 2^32 rows; some orders are
// then likelier than others by at most one part in 2^32 / n.
void shuffle(std::span<int64_t> rows, int64_t seed, int64_t step, std::string_view site);

// The rows in the order of one epoch (counted from 1): as they are, or shuffled with site "data.shuffle" and
// the epoch as step, so that an epoch's order depends on nothing but seed, epoch and the rows.
std::vector<int64_t> epoch_order(std::span<const int64_t> rows, int64_t seed, int64_t epoch, bool shuffled);

// ceil(rows / batch): the last batch holds what is left; floor with `drop_last`, unless that leaves none.
int64_t batch_count(int64_t rows, int64_t batch, bool drop_last = false);
std::span<const int64_t> batch_rows(std::span<const int64_t> order, int64_t batch, int64_t index);

}  // namespace gradus
