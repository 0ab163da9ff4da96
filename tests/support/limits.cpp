#include "tests/support/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

namespace gradus::testing {

using evaluate::Array;

namespace {

struct FloatEnds {
  double least, least_normal, step_at_one, largest;
};

FloatEnds ends_of(ElementType element) {
  switch (element) {
    case ElementType::f32:
      return {0x1p-149, 0x1p-126, 0x1p-23, 0x1.fffffep127};
    case ElementType::bf16:
      return {0x1p-133, 0x1p-126, 0x1p-7, 0x1.fep127};
    case ElementType::f16:
      return {0x1p-24, 0x1p-14, 0x1p-10, 65504};
    default:
      return {0x1p-1074, 0x1p-1022, 0x1p-52, std::numeric_limits<double>::max()};
  }
}

}  // namespace

std::vector<double> float_limits(ElementType element) {
  const auto [least, least_normal, step, largest] = ends_of(element);
  std::vector<double> numbers = {std::numeric_limits<double>::quiet_NaN()};
  for (const double positive : {0.0,
                                least,
                                least_normal - least,
                                least_normal,
                                step,
                                0.3,
                                0.5,
                                1 - step / 2,
                                1.0,
                                1 + step,
                                1.5,
                                2.0,
                                2.5,
                                3.0,
                                7.0,
                                127.0,
                                128.0,
                                255.0,
                                256.0,
                                1 / (2 * step),
                                1 / step,
                                1 / step + 1,
                                0x1p31,
                                0x1p63,
                                largest / 2,
                                largest,
                                std::numeric_limits<double>::infinity()})
    for (const double number : {positive, -positive}) {
      const double rounded = evaluate::round_number(element, number);
      if (std::isfinite(rounded) == std::isfinite(number)) numbers.push_back(rounded);
    }
  return numbers;
}

std::vector<int64_t> integer_limits(ElementType element) {
  std::vector<int64_t> numbers;
  const auto add = [&](int64_t number) {
    if (evaluate::wrap_integer(element, number) == number &&
        std::find(numbers.begin(), numbers.end(), number) == numbers.end())
      numbers.push_back(number);
  };
  for (const int64_t number : {0, 1, -1, 2, -2, 3, -3, 5, 7, 8, -8, 31, 32, 63, 64, 200}) add(number);
  for (const int64_t end :
       {int64_t{1} << 7, int64_t{1} << 8, int64_t{1} << 24, int64_t{1} << 31, int64_t{1} << 53})
    for (const int64_t around : {-1, 0, 1})
      for (const int64_t sign : {1, -1}) add(sign * (end + around));
  add(std::numeric_limits<int64_t>::min());
  add(std::numeric_limits<int64_t>::min() + 1);
  add(std::numeric_limits<int64_t>::max());
  add(std::numeric_limits<int64_t>::max() - 1);
  add(std::numeric_limits<int64_t>::max() - 512);
  return numbers;
}

Array<double> limits(ElementType element) {
  Array<double> array;
  if (is_float(element))
    array.floats = float_limits(element);
  else
    array.integers = integer_limits(element);
  array.type = Type(element, {static_cast<int64_t>(array.floats.size() + array.integers.size())});
  return array;
}

Array<double> drawn_from_limits(const Type& type, uint64_t seed) {
  std::mt19937_64 engine(seed);
  const Array<double> all = limits(type.element);
  Array<double> array(type);
  for (double& number : array.floats) number = all.floats[engine() % all.size()];
  for (int64_t& number : array.integers) number = all.integers[engine() % all.size()];
  return array;
}

bool same_element(const Array<double>& a, const Array<double>& b, size_t i) {
  if (!a.holds_floats()) return a.integers[i] == b.integers[i];
  const double x = a.floats[i], y = b.floats[i];
  return (std::isnan(x) && std::isnan(y)) || (x == y && std::signbit(x) == std::signbit(y));
}

std::string show_element(const Array<double>& array, size_t i) {
  if (!array.holds_floats()) return fmt::format("{}", array.integers[i]);
  const double number = array.floats[i];
  if (std::isnan(number)) return "nan";
  return fmt::format("{:a} ({})", number, number);
}

}  // namespace gradus::testing
