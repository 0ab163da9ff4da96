#include "frontend/driver/analysis/numerics_hint.h"

#include <array>
#include <string_view>

namespace gradus {

namespace {

struct Hint {
  OpId op;
  std::string_view text;
};

// By the op that made the value.
constexpr auto forward_hints = std::to_array<Hint>({
    {OpId::constant, "the program itself says so"},
    {OpId::log, "log needs numbers above 0: add a small constant, or take a loss on logits"},
    {OpId::log1p, "log1p needs numbers above -1"},
    {OpId::sqrt, "sqrt needs numbers from 0 up"},
    {OpId::rsqrt, "rsqrt needs numbers above 0: add a small constant under the root"},
    {OpId::asin, "asin needs numbers from -1 to 1: clamp them"},
    {OpId::acos, "acos needs numbers from -1 to 1: clamp them"},
    {OpId::pow, "a negative number has no fractional power, and 0 no negative one"},
    {OpId::exp,
     "exp exceeds f32 above 88.7, f64 above 709.7: subtract the largest number first, or take a loss on "
     "logits"},
    {OpId::expm1, "expm1 exceeds f32 above 88.7, f64 above 709.7"},
    {OpId::sinh, "sinh exceeds f32 beyond 89.4, f64 beyond 710.4"},
    {OpId::cosh, "cosh exceeds f32 beyond 89.4, f64 beyond 710.4"},
    {OpId::div, "the divisor is 0 or too small: add a small constant to it"},
});

// By the op whose derivative is not finite, where the op itself was.
constexpr auto gradient_hints = std::to_array<Hint>({
    {OpId::sqrt, "the slope of sqrt is infinite at 0: add a small constant under the root"},
    {OpId::rsqrt, "the slope of rsqrt is infinite at 0: add a small constant under the root"},
    {OpId::log, "the slope of log is infinite at 0: add a small constant"},
    {OpId::pow, "the slope of this power is infinite at 0: keep the base away from it"},
    {OpId::asin, "the slope of asin is infinite at -1 and 1: clamp to less"},
    {OpId::acos, "the slope of acos is infinite at -1 and 1: clamp to less"},
    {OpId::cbrt, "the slope of cbrt is infinite at 0"},
    {OpId::div, "the divisor is 0 or too small: add a small constant to it"},
});

// Where an operand has infinities.
constexpr std::string_view both_signs =
    "infinities of both signs cancel to nan: is there a row in which everything is masked?";
constexpr std::string_view times_zero =
    "0 times infinity is nan: choose with where(…) instead of multiplying by a mask";
constexpr auto infinity_hints = std::to_array<Hint>({
    {OpId::add, both_signs},
    {OpId::sub, both_signs},
    {OpId::sum, both_signs},
    {OpId::mul, times_zero},
    {OpId::dot, times_zero},
    {OpId::div, "infinity over infinity is nan"},
});

template <size_t n>
std::string_view find(const std::array<Hint, n>& hints, OpId op) {
  for (const Hint& hint : hints)
    if (hint.op == op) return hint.text;
  return {};
}

}  // namespace

std::string numerics_hint(OpId op, const Op* forward, const std::vector<NumberRange>& operands) {
  bool infinite = false;
  for (const NumberRange& range : operands) infinite = infinite || range.infinite > 0;
  if (infinite)
    if (const std::string_view text = find(infinity_hints, op); !text.empty()) return std::string(text);
  if (forward)
    if (const std::string_view text = find(gradient_hints, forward->id); !text.empty())
      return std::string(text);
  if (const std::string_view text = find(forward_hints, op); !text.empty()) return std::string(text);
  return "the numbers have grown too large: lower the rate, clip the gradient with clip_norm, or scale the "
         "data";
}

}  // namespace gradus
