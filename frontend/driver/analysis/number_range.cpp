#include <fmt/format.h>

#include <cmath>

#include "ir/shown_text.h"

#include "frontend/driver/analysis/number_range.h"

namespace gradus {

NumberRange range_of(const Tensor& tensor) {
  NumberRange range;
  range.count = tensor.size();
  bool first = true;
  for (int64_t i = 0; i < range.count; ++i) {
    const double number = tensor.number(i);
    if (std::isfinite(number)) {
      range.low = first ? number : std::min(range.low, number);
      range.high = first ? number : std::max(range.high, number);
      first = false;
      continue;
    }
    ++(std::isnan(number) ? range.nan : range.infinite);
    if (range.first_bad < 0) range.first_bad = i;
    if (range.first_nan < 0 && std::isnan(number)) range.first_nan = i;
  }
  return range;
}

std::string number_text(double number) {
  if (std::isnan(number)) return "nan";  // its sign says nothing
  return fmt::format("{:.6g}", unsigned_nan(number));
}

std::string to_string(const NumberRange& range) {
  if (range.count == 0) return "no values";
  const int64_t finite = range.count - range.bad();
  std::string out;
  if (range.count == 1 && finite == 1) return number_text(range.low);
  if (finite > 0)
    out = range.low == range.high
              ? fmt::format("min and max {}", number_text(range.low))
              : fmt::format("min {}, max {}", number_text(range.low), number_text(range.high));
  const auto add = [&](int64_t count, const char* what) {
    if (count > 0) out += fmt::format("{}{} of {} {}", out.empty() ? "" : ", ", count, range.count, what);
  };
  add(range.nan, "nan");
  add(range.infinite, "infinite");
  return range.bad() == 0 ? out + ", all finite" : out;
}

std::string element_text(const Shape& shape, int64_t element) {
  std::string out;
  for (size_t axis = shape.size(); axis-- > 0;) {
    out = fmt::format("{}{}{}", element % shape[axis], out.empty() ? "" : ", ", out);
    element /= shape[axis];
  }
  return out.empty() ? "" : "[" + out + "]";
}

}  // namespace gradus
