#include "runtime/training/health.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace gradus::health {

std::optional<int64_t> overfitting_epoch(std::span<const double> training,
                                         std::span<const double> validation) {
  if (validation.empty() || training.size() != validation.size()) return std::nullopt;
  const auto least = std::min_element(validation.begin(), validation.end());
  const auto index = static_cast<size_t>(least - validation.begin());
  if (!(validation.back() > *least) || !(training.back() < training[index])) return std::nullopt;
  return static_cast<int64_t>(index) + 1;
}

bool flat(std::span<const double> losses) {
  if (losses.size() < 3) return false;
  const std::span<const double> last = losses.subspan(losses.size() * 2 / 3 - 1);
  const auto [low, high] = std::minmax_element(last.begin(), last.end());
  return std::isfinite(*low) && std::isfinite(*high) &&
         *high - *low <= flat_change * std::max(std::abs(*high), 1e-30);
}

int64_t identical_columns(const Tensor& matrix) {
  if (matrix.shape().size() != 2) return 0;
  for (int64_t i = 0; i < matrix.size(); ++i)
    if (!std::isfinite(matrix.number(i))) return 0;
  const int64_t rows = matrix.shape()[0], columns = matrix.shape()[1];
  std::vector<std::vector<double>> sorted(static_cast<size_t>(columns));
  for (int64_t c = 0; c < columns; ++c)
    for (int64_t r = 0; r < rows; ++r)
      sorted[static_cast<size_t>(c)].push_back(matrix.number(r * columns + c));
  std::sort(sorted.begin(), sorted.end());
  int64_t identical = 0;
  for (size_t c = 0; c < sorted.size(); ++c)
    identical +=
        (c > 0 && sorted[c] == sorted[c - 1]) || (c + 1 < sorted.size() && sorted[c] == sorted[c + 1]);
  return identical;
}

double norm(const Tensor& tensor) {
  double sum = 0;
  for (int64_t i = 0; i < tensor.size(); ++i) sum += tensor.number(i) * tensor.number(i);
  return std::sqrt(sum);
}

double relative_change(const Tensor& before, const Tensor& now) {
  double sum = 0;
  for (int64_t i = 0; i < now.size(); ++i) {
    const double difference = now.number(i) - before.number(i);
    sum += difference * difference;
  }
  if (sum == 0) return 0;
  const double old = norm(before);
  return old > 0 ? std::sqrt(sum) / old : std::numeric_limits<double>::infinity();
}

}  // namespace gradus::health
