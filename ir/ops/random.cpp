// random_bits, uniform and normal: pure functions of seed, step, site, scan index and element (ir/random.h).
#include "ir/random.h"

#include <fmt/format.h>

#include "ir/evaluate/rule.h"
#include "ir/ops/check.h"
#include "ir/ops/ops.h"

namespace gradus::ops {

namespace {

void check_draw(const OpUse& use) {
  constexpr const char* names[] = {"seed", "step", "site", "scan index"};
  for (size_t i = 0; i < 4; ++i)
    if (use.operands[i] != Type(ElementType::i64))
      shape_error(use, fmt::format("the {} is {}, expected i64[]", names[i], to_string(use.operands[i])));
  const Shape& shape = use.attributes.integers("shape");
  check_shape(use, shape);
  if (element_count(shape) > random::most_elements)
    shape_error(use, fmt::format("shape {} is too large for one draw", to_string(shape)),
                "the limit is 2^34 elements; draw in parts");
}

std::vector<Type> infer_bits(const OpUse& use) {
  check_draw(use);
  return {Type(ElementType::i32, use.attributes.integers("shape"))};
}

std::vector<Type> infer_float(const OpUse& use) {
  check_draw(use);
  const ElementType element = use.attributes.element_type("element");
  if (element != ElementType::f32 && element != ElementType::f64)
    shape_error(use, fmt::format("the element type is {}, expected f32 or f64", name(element)),
                "draw f32 and convert with cast");
  return {Type(element, use.attributes.integers("shape"))};
}

random::Draw draw_of(const auto& call) {
  return {call.operand(0).integers[0], call.operand(1).integers[0], call.operand(2).integers[0],
          call.operand(3).integers[0]};
}

constexpr evaluate::Rule bits_rule = evaluate::make_rule([](auto& call) {
  const random::Draw draw = draw_of(call);
  std::vector<int64_t>& result = call.result().integers;
  for (size_t e = 0; e < result.size(); ++e)
    result[e] = static_cast<int32_t>(random::bits(draw, static_cast<int64_t>(e)));
});

// Errors of logarithm, root, angle (up to 2 pi) and sine in compiled code, of numbers below 6 in magnitude.
constexpr double normal_units = 128;

template <double (*function)(const random::Draw&, int64_t), double units>
constexpr evaluate::Rule float_rule = evaluate::make_rule([](auto& call) {
  const random::Draw draw = draw_of(call);
  auto& result = call.result().floats;
  for (size_t e = 0; e < result.size(); ++e) result[e] = function(draw, static_cast<int64_t>(e));
  if constexpr (units > 0)
    for (auto& number : result) evaluate::add_units(number, call.result().type.element, units);
});

NodeAccess draw_reads(const Graph&, const Node& node) {
  return {.operands = std::vector<AccessMap>(node.operands.size()), .counts_position = true};
}

Op base(OpId id) {
  Op o{.id = id};
  o.family = OpFamily::random;
  o.traits = {.access = Access::generated, .cost = Cost::costly, .keeps_finite = true};
  o.min_operands = o.max_operands = 4;
  o.attributes = {{"shape", "Shape of the result.", std::vector<int64_t>{64, 128}}};
  o.differentiation = PiecewiseConstant{};
  o.reads = draw_reads;
  return o;
}

Op float_base(OpId id) {
  Op o = base(id);
  o.attributes.push_back({"element", "f32 or f64.", ElementType::f32});
  o.infer = infer_float;
  return o;
}

}  // namespace

const Op random_bits = [] {
  Op o = base(OpId::random_bits);
  o.summary =
      "32 random bits per element, a pure function of seed, step, site, scan index and element: Philox "
      "4x32-10. Operands "
      "in this order, all i64[].";
  o.formula =
      "word (e mod 64) / 16 of philox(counter = ((e / 64) * 16 + e mod 16, scan, step low, step high), key = "
      "splitmix64(seed xor splitmix64(site)))";
  o.infer = infer_bits;
  o.evaluate = &bits_rule;
  return o;
}();

const Op uniform = [] {
  Op o = float_base(OpId::uniform);
  o.summary = "Uniform numbers in [0, 1), multiples of 2^-24 in every element type. Operands as random_bits.";
  o.formula = "u = (random_bits >>> 8) * 2^-24";
  o.evaluate = &float_rule<&random::uniform, 0.0>;
  return o;
}();

const Op normal = [] {
  Op o = float_base(OpId::normal);
  o.summary = "Numbers of the standard normal distribution by Box-Muller. Operands as random_bits.";
  o.formula =
      "n[e] = sqrt(-2 log(1 - u[e])) cos(2 pi u[e + 16]), n[e + 16] the same with sin, for e mod 32 < 16; u "
      "as uniform";
  o.evaluate = &float_rule<&random::normal, normal_units>;
  return o;
}();

}  // namespace gradus::ops
