#include "ir/evaluate/scalar.h"

#include <bit>
#include <limits>
#include <unordered_map>

#include "ir/error.h"
#include "ir/random.h"

namespace gradus::evaluate {

using loop::ExpressionNode;
using loop::ScalarOp;

namespace {

// Rounds to `digits` significant bits, the last one never below 2^smallest.
double quantize(double value, int digits, int smallest, double largest) {
  if (!std::isfinite(value) || value == 0) return value;
  int exponent = 0;
  std::frexp(value, &exponent);
  const int last = std::max(exponent - digits, smallest);
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(value, -last)), last);
  return std::fabs(rounded) > largest ? std::copysign(std::numeric_limits<double>::infinity(), value)
                                      : rounded;
}

int bit_width(ElementType type) {
  return type == ElementType::boolean ? 1 : static_cast<int>(size_in_bytes(type)) * 8;
}

uint64_t unsigned_bits(ElementType type, int64_t value) {
  const int width = bit_width(type);
  return width == 64 ? static_cast<uint64_t>(value)
                     : static_cast<uint64_t>(value) & ((uint64_t{1} << width) - 1);
}

int64_t floor_divide(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return static_cast<int64_t>(uint64_t{0} - static_cast<uint64_t>(a));
  const int64_t quotient = a / b;
  return quotient - (a % b != 0 && (a % b < 0) != (b < 0));
}

int64_t floor_remainder(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  const int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

int64_t integer_power(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, factor = static_cast<uint64_t>(base);
  for (; exponent; exponent >>= 1, factor *= factor)
    if (exponent & 1) result *= factor;
  return static_cast<int64_t>(result);
}

double sign_of(double x) { return std::isnan(x) ? x : static_cast<double>((x > 0) - (x < 0)); }

template <class T>
bool compare(ScalarOp op, const T& a, const T& b) {
  switch (op) {
    case ScalarOp::equal:
      return a == b;
    case ScalarOp::not_equal:
      return a != b;
    case ScalarOp::less:
      return a < b;
    case ScalarOp::less_equal:
      return a <= b;
    case ScalarOp::greater:
      return a > b;
    default:
      return a >= b;
  }
}

// The sign of the divisor where it is 0, too.
template <class T>
T signed_remainder(const T& x, const T& y) {
  return remainder(x, y);
}
double signed_remainder(double x, double y) {
  const double rest = remainder(x, y);
  return rest == 0 ? std::copysign(rest, y) : rest;
}

template <class T>
T float_operation(ScalarOp op, const T& a, const T& b, const T& c) {
  switch (op) {
    case ScalarOp::negate:
      return -a;
    case ScalarOp::absolute:
      return absolute(a);
    case ScalarOp::sign:
      return step_function(a, sign_of);
    case ScalarOp::floor:
      return step_function(a, std::floor);
    case ScalarOp::ceil:
      return step_function(a, std::ceil);
    case ScalarOp::round:
      return step_function(a, std::nearbyint);
    case ScalarOp::sqrt:
      return sqrt(a);
    case ScalarOp::exp:
      return exp(a);
    case ScalarOp::expm1:
      return expm1(a);
    case ScalarOp::log:
      return log(a);
    case ScalarOp::log1p:
      return log1p(a);
    case ScalarOp::cbrt:
      return cbrt(a);
    case ScalarOp::sin:
      return sin(a);
    case ScalarOp::cos:
      return cos(a);
    case ScalarOp::tan:
      return tan(a);
    case ScalarOp::asin:
      return asin(a);
    case ScalarOp::acos:
      return acos(a);
    case ScalarOp::atan:
      return atan(a);
    case ScalarOp::sinh:
      return sinh(a);
    case ScalarOp::cosh:
      return cosh(a);
    case ScalarOp::tanh:
      return tanh(a);
    case ScalarOp::erf:
      return erf(a);
    case ScalarOp::sigmoid:
      return sigmoid(a);
    case ScalarOp::add:
      return a + b;
    case ScalarOp::subtract:
      return a - b;
    case ScalarOp::multiply:
      return a * b;
    case ScalarOp::divide:
      return a / b;
    case ScalarOp::remainder:
      return signed_remainder(a, b);
    case ScalarOp::power:
      return pow(a, b);
    case ScalarOp::atan2:
      return atan2(a, b);
    case ScalarOp::minimum:
      return minimum(a, b);
    case ScalarOp::maximum:
      return maximum(a, b);
    case ScalarOp::multiply_add:
      return multiply_add(a, b, c);
    default:
      fail_internal("scalar '" + std::string(name(op)) + "' has no float form");
  }
}

int64_t integer_operation(ScalarOp op, ElementType type, int64_t a, int64_t b, int64_t c) {
  const auto x = static_cast<uint64_t>(a), y = static_cast<uint64_t>(b);
  const auto plain = [](uint64_t value) { return static_cast<int64_t>(value); };
  switch (op) {
    case ScalarOp::negate:
      return plain(uint64_t{0} - x);
    case ScalarOp::absolute:
      return a < 0 ? plain(uint64_t{0} - x) : a;
    case ScalarOp::sign:
      return (a > 0) - (a < 0);
    case ScalarOp::floor:
    case ScalarOp::ceil:
    case ScalarOp::round:
      return a;
    case ScalarOp::logical_not:
      return type == ElementType::boolean ? !a : ~a;
    case ScalarOp::add:
      return plain(x + y);
    case ScalarOp::subtract:
      return plain(x - y);
    case ScalarOp::multiply:
      return plain(x * y);
    case ScalarOp::divide:
      return floor_divide(a, b);
    case ScalarOp::remainder:
      return floor_remainder(a, b);
    case ScalarOp::power:
      return integer_power(a, b);
    case ScalarOp::minimum:
      return a <= b ? a : b;
    case ScalarOp::maximum:
      return a >= b ? a : b;
    case ScalarOp::logical_and:
      return a & b;
    case ScalarOp::logical_or:
      return a | b;
    case ScalarOp::logical_xor:
      return a ^ b;
    case ScalarOp::shift_left:
      return b < 0 || b >= bit_width(type) ? 0 : plain(x << b);
    case ScalarOp::shift_right_logical:
      return b < 0 || b >= bit_width(type) ? 0 : plain(unsigned_bits(type, a) >> b);
    case ScalarOp::multiply_add:
      return plain(x * y + static_cast<uint64_t>(c));
    default:
      fail_internal("scalar '" + std::string(name(op)) + "' has no integer form");
  }
}

template <class T>
int64_t to_integer(ElementType type, const T& x) {
  return integer_from(type, primal(x));
}
int64_t to_integer(ElementType type, const Bounded& x) {
  const int64_t result = integer_from(type, x.value);
  if (x.error() != 0 && (integer_from(type, x.value - x.error()) != result ||
                         integer_from(type, x.value + x.error()) != result))
    throw Ambiguous("a conversion to an integer within its error");
  return result;
}

template <class T>
Scalar<T> converted(ElementType from, ElementType to, const Scalar<T>& x) {
  Scalar<T> result;
  if (is_float(to))
    result.number = is_float(from) ? x.number : T(number_from(to, x.integer));
  else if (is_float(from))
    result.integer = to_integer(to, x.number);
  else
    result.integer = wrap_integer(to, x.integer);
  return result;
}

template <class T>
Scalar<T> step(const ExpressionNode& node, const Scalar<T>* const* operands,
               std::span<const Scalar<T>> arguments) {
  Scalar<T> result;
  switch (node.op) {
    case ScalarOp::constant:
      result.number = T(node.number);
      result.integer = node.integer;
      return result;
    case ScalarOp::argument:
      return arguments[static_cast<size_t>(node.integer)];
    case ScalarOp::index:
    case ScalarOp::load:
      fail_internal("the evaluator has no loop variables and buffers");
    case ScalarOp::is_finite:
      result.integer = !is_float(node.operands[0]->type) || is_finite(operands[0]->number);
      return result;
    case ScalarOp::equal:
    case ScalarOp::not_equal:
    case ScalarOp::less:
    case ScalarOp::less_equal:
    case ScalarOp::greater:
    case ScalarOp::greater_equal:
      if (is_float(node.operands[0]->type)) decide(operands[0]->number, operands[1]->number);
      result.integer = is_float(node.operands[0]->type)
                           ? compare(node.op, primal(operands[0]->number), primal(operands[1]->number))
                           : compare(node.op, operands[0]->integer, operands[1]->integer);
      return result;
    case ScalarOp::select:
      return *operands[operands[0]->integer ? 1 : 2];
    case ScalarOp::cast:
      return converted(node.operands[0]->type, node.type, *operands[0]);
    case ScalarOp::random_bits:
      result.integer = std::bit_cast<int32_t>(random::bits(
          {operands[0]->integer, operands[1]->integer, operands[2]->integer, operands[3]->integer},
          operands[4]->integer));
      return result;
    default:
      break;
  }
  const Scalar<T>& a = *operands[0];
  const Scalar<T>& b = node.operands.size() > 1 ? *operands[1] : a;
  const Scalar<T>& c = node.operands.size() > 2 ? *operands[2] : a;
  if (is_float(node.type))
    result.number = float_operation(node.op, a.number, b.number, c.number);
  else
    result.integer =
        wrap_integer(node.type, integer_operation(node.op, node.type, a.integer, b.integer, c.integer));
  return result;
}

}  // namespace

Scalar<double> apply(const ExpressionNode& node, const Scalar<double>* const* operands) {
  return step<double>(node, operands, {});
}

double round_number(ElementType type, double value) {
  switch (type) {
    case ElementType::f32:
      return static_cast<double>(static_cast<float>(value));
    case ElementType::bf16:
      return quantize(value, 8, -133, 3.3895313892515355e38);
    case ElementType::f16:
      return quantize(value, 11, -24, 65504);
    default:
      return value;
  }
}

double unit_roundoff(ElementType type) {
  switch (type) {
    case ElementType::f32:
      return 0x1p-24;
    case ElementType::bf16:
      return 0x1p-9;
    case ElementType::f16:
      return 0x1p-11;
    default:
      return 0x1p-53;
  }
}

Bounded settle(ElementType type, const Bounded& x) {
  const double unit = unit_roundoff(type);
  const bool exact = x.error() == 0 && round_number(type, x.value) == x.value;
  return {x.value, x.error() + (unit > x.unit && !exact ? unit * std::fabs(x.value) : 0), unit};
}

int64_t wrap_integer(ElementType type, int64_t value) {
  switch (type) {
    case ElementType::i32:
      return static_cast<int32_t>(value);
    case ElementType::i8:
      return static_cast<int8_t>(value);
    case ElementType::u8:
      return static_cast<uint8_t>(value);
    case ElementType::boolean:
      return value != 0;
    default:
      return value;
  }
}

int64_t integer_from(ElementType type, double value) {
  if (type == ElementType::boolean) return value != 0;
  if (std::isnan(value)) return 0;
  const int width = bit_width(type);
  const bool is_signed = type != ElementType::u8;
  const double above = std::ldexp(1.0, is_signed ? width - 1 : width);  // first value that does not fit
  const double lowest = is_signed ? -above : 0;
  const double truncated = std::trunc(value);
  if (truncated < lowest) return static_cast<int64_t>(lowest);
  if (truncated >= above) return static_cast<int64_t>((uint64_t{1} << (is_signed ? width - 1 : width)) - 1);
  return static_cast<int64_t>(truncated);
}

double number_from(ElementType type, int64_t value) {
  if (type == ElementType::f32) return static_cast<double>(static_cast<float>(value));
  constexpr int64_t exact = int64_t{1} << 53;
  if (type != ElementType::f64 && (value >= exact || value < -exact))  // to odd, so that it rounds once
    value = (value & ~int64_t{1023}) | ((value & 1023) != 0 ? 1024 : 0);
  return round_number(type, static_cast<double>(value));
}

std::optional<double> exact_double(int64_t integer) {
  const auto number = static_cast<double>(integer);
  const bool exact = number < 0x1p63 && static_cast<int64_t>(number) == integer;
  return exact ? std::optional(number) : std::nullopt;
}

ScalarProgram::ScalarProgram(const loop::Expression& root) : root_(root) {
  std::unordered_map<const ExpressionNode*, size_t> place;
  const auto visit = [&](const auto& self, const ExpressionNode* node) -> size_t {
    if (const auto it = place.find(node); it != place.end()) return it->second;
    Step made{node, {}};
    for (const loop::Expression& operand : node->operands) made.operands.push_back(self(self, operand.get()));
    steps_.push_back(std::move(made));
    return place[node] = steps_.size() - 1;
  };
  visit(visit, root.get());
}

template <class T>
Scalar<T> ScalarProgram::run(std::span<const Scalar<T>> arguments, std::vector<Scalar<T>>& scratch) const {
  scratch.resize(steps_.size());
  for (size_t i = 0; i < steps_.size(); ++i) {
    const Scalar<T>* operands[8] = {};
    for (size_t k = 0; k < steps_[i].operands.size(); ++k) operands[k] = &scratch[steps_[i].operands[k]];
    scratch[i] = step<T>(*steps_[i].node, operands, arguments);
  }
  return scratch.back();
}

#define GRADUS_INSTANTIATE(T) \
  template Scalar<T> ScalarProgram::run<T>(std::span<const Scalar<T>>, std::vector<Scalar<T>>&) const;
GRADUS_INSTANTIATE(double)
GRADUS_INSTANTIATE(Dual<double>)
GRADUS_INSTANTIATE(Dual<Dual<double>>)
GRADUS_INSTANTIATE(Complex)
GRADUS_INSTANTIATE(Dual<Complex>)
GRADUS_INSTANTIATE(Bounded)
#undef GRADUS_INSTANTIATE

}  // namespace gradus::evaluate
