// Samples of the ops in ir/ops/control.cpp.
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

const OpSamples input = {
    .good = {{"graph @g (%x: f32[3,5]) { return %x }"}},
    .bad = {{"graph @g () { %0 = input {index=0} : f32[]  return %0 }", "declared in the head"}},
};

const OpSamples mark = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = mark %x {id=7} : f32[3,5]  return %0 }"},
             {"graph @g (%x: i32[3]) { %0 = mark %x {id=1} : i32[3]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3,5]) { %0 = mark %x : f32[3,5]  return %0 }", "id"}},
};

const OpSamples stop_gradient = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = stop_gradient %x : f32[3,5]  %1 = mul %0, %x : f32[3,5]  "
              "return %1 }",
              -2, 2, 4, false}},
    .bad = {{"graph @g (%x: f32[3]) { %0 = stop_gradient %x, %x : f32[3]  return %0 }", "operand"}},
};

const OpSamples custom_gradient = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = round %x : f32[3,5]  %1 = custom_gradient %0, %x : f32[3,5]  "
              "return %1 }",
              -2, 2, 4, false},
             // A surrogate with the value's own derivative.
             {"graph @g (%x: f64[7]) { %0 = mul %x, %x : f64[7]  %1 = constant {element=f64, shape=[7], "
              "value=3.0} : f64[7]  %2 = add %0, %1 : f64[7]  %3 = custom_gradient %2, %0 : f64[7]  "
              "%4 = sin %3 : f64[7]  return %4 }"}},
    .bad = {{"graph @g (%x: f32[3]) { %0 = custom_gradient %x : f32[3]  return %0 }", "operand"},
            {"graph @g (%x: f32[3], %y: f32[4]) { %0 = custom_gradient %x, %y : f32[3]  return %0 }",
             "f32[4]"},
            {"graph @g (%x: i32[3]) { %0 = custom_gradient %x, %x : i32[3]  return %0 }", "i32[3]"}},
};

const OpSamples gradient = {
    .good =
        {{"graph @g (%x: f32[3,5]) { %0 = tanh %x : f32[3,5]  %1 = mul %0, %x : f32[3,5]  "
          "%2 = sum %1 {axes=[0,1]} : f32[]  %3 = gradient %2, %x : f32[3,5]  return %3 }"},
         {"graph @g (%x: f64[3], %z: f64[3]) { %0 = mul %x, %z : f64[3]  %1 = sin %0 : f64[3]  "
          "%2 = sum %1 {axes=[0]} : f64[]  %3:2 = gradient %2, %0, %z : f64[3], f64[3]  return %3, %3#1 }"}},
    .bad = {{"graph @g (%x: f32[3]) { %0 = gradient %x, %x : f32[3]  return %0 }", "expected a float scalar"},
            {"graph @g (%x: f32[], %n: i32[3]) { %0 = gradient %x, %n : i32[3]  return %0 }",
             "only floats have a gradient"}},
};

const OpSamples call = {
    .good = {{"graph @g (%x: f32[3,5], %w: f32[3,5]) { %0 = call (%a = %x, %b = %w) { "
              "%0 = mul %a, %b : f32[3,5]  %1 = tanh %0 : f32[3,5]  yield %1 } : f32[3,5]  return %0 }"},
             {"graph @g (%x: f64[3]) { %0:2 = call (%a = %x) { %0 = sin %a : f64[3]  %1 = exp %a : f64[3]  "
              "yield %0, %1 } : f64[3], f64[3]  %1 = mul %0, %0#1 : f64[3]  return %1 }"}},
    .bad = {{"graph @g (%x: f32[3]) { %0 = call %x : f32[3]  return %0 }", "body"}},
};

const OpSamples kernel = {
    .good = {{"graph @g (%x: f32[3,5], %w: f32[3,5]) { %0 = kernel (%a = %x, %b = %w) { "
              "%0 = mul %a, %b : f32[3,5]  %1 = tanh %0 : f32[3,5]  yield %1 } : f32[3,5]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3]) { %0 = kernel %x : f32[3]  return %0 }", "body"}},
};

}  // namespace gradus::testing::samples
