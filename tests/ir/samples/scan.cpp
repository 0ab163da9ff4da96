// Samples of the ops in ir/ops/scan.cpp.
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

const OpSamples scan = {
    .good =
        {{"graph @g (%h: f64[2], %x: f64[3,2], %w: f64[2]) { %0:3 = scan {carries=1, sequences=1, length=3, "
          "histories=[0]} (%i, %c = %h, %e = %x, %u = %w) { %0 = mul %c, %u : f64[2]  %1 = add %0, %e : "
          "f64[2]  "
          "%2 = tanh %1 : f64[2]  %3 = mul %2, %2 : f64[2]  yield %2, %3 } : f64[2], f64[3,2], f64[3,2]  "
          "return %0, %0#1, %0#2 }"},
         {"graph @g (%h: f32[], %x: f32[5]) { %0:2 = scan {carries=1, sequences=1, length=5, reverse=true} "
          "(%i, %c = %h, %e = %x) { %0 = mul %c, %e : f32[]  %1 = cast %i {to=f32} : f32[]  "
          "%2 = add %0, %1 : f32[]  yield %2, %c } : f32[], f32[5]  return %0, %0#1 }"},
         // Weights: of a carry and of what a step computes; as the first factor.
         {"graph @g (%h: f64[2,3], %x: f64[4,2,3], %w: f64[3,3], %u: f64[3,3]) { %0:2 = scan {carries=1, "
          "sequences=1, length=4, histories=[0]} (%i, %c = %h, %e = %x, %a = %w, %b = %u) { "
          "%0 = sin %e : f64[2,3]  %1 = dot %0, %a {contract=[1]x[0]} : f64[2,3]  "
          "%2 = dot %c, %b {contract=[1]x[1]} : f64[2,3]  %3 = dot %1, %a {contract=[1]x[0]} : f64[2,3]  "
          "%4 = add %2, %3 : f64[2,3]  %5 = tanh %4 : f64[2,3]  yield %5 } : f64[2,3], f64[4,2,3]  "
          "return %0, %0#1 }"},
         {"graph @g (%h: f64[3,2], %w: f64[4,3,5]) { %0:2 = scan {carries=1, sequences=0, length=3, "
          "histories=[], reverse=true} (%i, %c = %h, %a = %w) { "
          "%0 = dot %a, %c {contract=[1]x[0]} : f64[4,5,2]  %1 = sum %0 {axes=[0,1]} : f64[2]  "
          "%2 = constant {element=f64, shape=[2], value=0.03125} : f64[2]  %3 = mul %1, %2 : f64[2]  "
          "%4 = broadcast %3 {dims=[1], shape=[3,2]} : f64[3,2]  yield %4, %0 } : f64[3,2], f64[3,4,5,2]  "
          "return %0, %0#1 }"}},
    .bad = {{"graph @g (%h: f32[], %x: f32[5]) { %0 = scan {carries=1, sequences=1, length=4} "
             "(%i, %c = %h, %e = %x) { %0 = mul %c, %e : f32[]  yield %0 } : f32[]  return %0 }",
             "leading axis of length 4"},
            {"graph @g (%h: f32[]) { %0 = scan {carries=1, sequences=0, length=4} "
             "(%i, %c = %h) { %0 = cast %c {to=f64} : f64[]  yield %0 } : f32[]  return %0 }",
             "carry 0 begins as f32[], but the body yields f64[]"},
            {"graph @g (%h: f32[]) { %0 = scan {carries=1, sequences=0, length=9223372036854775807} "
             "(%i, %c = %h) { yield %c } : f32[]  return %0 }",
             "expected 0 to 2^45"}},
};

}  // namespace gradus::testing::samples
