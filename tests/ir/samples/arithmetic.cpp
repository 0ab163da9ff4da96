// Samples of the ops in ir/ops/arithmetic.cpp.
#include "tests/ir/samples/elementwise.h"

namespace gradus::testing::samples {

namespace {

OpSamples of_floats(std::string_view op, double low = -2, double high = 2) {
  return {.good = {elementwise_sample(op, 2, "f32[3,5]", low, high),
                   elementwise_sample(op, 2, "f64[7]", low, high)},
          .bad = elementwise_bad_samples(op, 2)};
}

OpSamples of_numbers(std::string_view op, double low = -2, double high = 2) {
  OpSamples made = of_floats(op, low, high);
  made.good.push_back(elementwise_sample(op, 2, "i32[7]"));
  return made;
}

OpSamples predicate(std::string_view op) {
  return {.good = {elementwise_sample(op, 2, "f32[3,5]", -2, 2, "bool[3,5]"),
                   elementwise_sample(op, 2, "i64[7]", -2, 2, "bool[7]")},
          .bad = elementwise_bad_samples(op, 2)};
}

OpSamples logic(std::string_view op, int operands) {
  return {.good = {elementwise_sample(op, operands, "bool[3,5]", -2, 2, {}, 2),
                   elementwise_sample(op, operands, "i32[7]")},
          .bad = elementwise_bad_samples(op, operands, "i32")};
}

OpSamples shift(std::string_view op) {
  return {.good = {elementwise_sample(op, 2, "i32[3,5]"), elementwise_sample(op, 2, "i64[7]")},
          .bad = elementwise_bad_samples(op, 2, "i32")};
}

}  // namespace

const OpSamples add = of_numbers("add");
const OpSamples sub = of_numbers("sub");
const OpSamples mul = of_numbers("mul");
const OpSamples mul_no_nan = of_floats("mul_no_nan");
const OpSamples div = of_numbers("div", 0.5, 3);
const OpSamples rem = of_numbers("rem", 0.5, 3);
const OpSamples pow = of_numbers("pow", 0.3, 3);
const OpSamples maximum = of_numbers("maximum");
const OpSamples minimum = of_numbers("minimum");
const OpSamples atan2 = of_floats("atan2", 0.3, 3);

const OpSamples equal = predicate("equal");
const OpSamples not_equal = predicate("not_equal");
const OpSamples less = predicate("less");
const OpSamples less_equal = predicate("less_equal");
const OpSamples greater = predicate("greater");
const OpSamples greater_equal = predicate("greater_equal");

const OpSamples logical_and = logic("logical_and", 2);
const OpSamples logical_or = logic("logical_or", 2);
const OpSamples logical_xor = logic("logical_xor", 2);
const OpSamples logical_not = logic("logical_not", 1);

const OpSamples shift_left = shift("shift_left");
const OpSamples shift_right_logical = shift("shift_right_logical");

const OpSamples select = {
    .good =
        {{"graph @g (%c: bool[3,5], %a: f32[3,5], %b: f32[3,5]) { %0 = select %c, %a, %b : f32[3,5]  return "
          "%0 }",
          -2, 2, 2},
         {"graph @g (%c: bool[7], %a: i32[7], %b: i32[7]) { %0 = select %c, %a, %b : i32[7]  return %0 }", -2,
          2, 2}},
    .bad = {{"graph @g (%c: f32[3], %a: f32[3], %b: f32[3]) { %0 = select %c, %a, %b : f32[3]  return %0 }",
             "operand 0 is f32[3], expected bool"},
            {"graph @g (%c: bool[3], %a: f32[4], %b: f32[4]) { %0 = select %c, %a, %b : f32[4]  return %0 }",
             "shapes differ"}},
};

const OpSamples clamp = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = constant {element=f32, shape=[3,5], value=-0.5} : f32[3,5]  "
              "%1 = constant {element=f32, shape=[3,5], value=1.25} : f32[3,5]  "
              "%2 = clamp %x, %0, %1 : f32[3,5]  return %2 }"},
             elementwise_sample("clamp", 3, "f64[7]"),
             elementwise_sample("clamp", 3, "i32[7]")},
    .bad = {{"graph @g (%x: f32[3], %a: f32[], %b: f32[]) { %0 = clamp %x, %a, %b : f32[3]  return %0 }",
             "shapes differ"}},
};

const OpSamples cast = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = cast %x {to=f64} : f64[3,5]  return %0 }"},
             {"graph @g (%x: f64[7]) { %0 = cast %x {to=f32} : f32[7]  return %0 }"},
             {"graph @g (%x: f32[7]) { %0 = cast %x {to=i32} : i32[7]  return %0 }"},
             {"graph @g (%x: i32[7]) { %0 = cast %x {to=f32} : f32[7]  return %0 }"},
             {"graph @g (%x: i64[7]) { %0 = cast %x {to=bool} : bool[7]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3]) { %0 = cast %x : f32[3]  return %0 }", "attribute 'to' is missing"},
            {"graph @g (%x: f32[3]) { %0 = cast %x {to=3} : f32[3]  return %0 }",
             "expected an element type"}},
};

}  // namespace gradus::testing::samples
