// Samples of the ops in ir/ops/shape.cpp.
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

const OpSamples reshape = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = reshape %x {shape=[5,1,3]} : f32[5,1,3]  return %0 }"},
             {"graph @g (%x: i32[3,5]) { %0 = reshape %x {shape=[15]} : i32[15]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3,5]) { %0 = reshape %x {shape=[4,4]} : f32[4,4]  return %0 }",
             "[3,5] has 15 elements, [4,4] has 16"}},
};

const OpSamples transpose = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = transpose %x {dims=[1,0]} : f32[5,3]  return %0 }"},
             {"graph @g (%x: f64[2,3,5]) { %0 = transpose %x {dims=[2,0,1]} : f64[5,2,3]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3,5]) { %0 = transpose %x {dims=[1,1]} : f32[5,3]  return %0 }",
             "not a permutation"},
            {"graph @g (%x: f32[3,5]) { %0 = transpose %x {dims=[0]} : f32[3,5]  return %0 }",
             "dims has 1 entries"}},
};

const OpSamples broadcast = {
    .good = {{"graph @g (%x: f32[5]) { %0 = broadcast %x {shape=[3,5], dims=[1]} : f32[3,5]  return %0 }"},
             {"graph @g (%x: f64[]) { %0 = broadcast %x {shape=[2,3], dims=[]} : f64[2,3]  return %0 }"},
             {"graph @g (%x: f64[2,3]) { %0 = broadcast %x {shape=[2,5,3], dims=[0,2]} : f64[2,5,3]  "
              "return %0 }"}},
    .bad = {{"graph @g (%x: f32[4]) { %0 = broadcast %x {shape=[3,5], dims=[1]} : f32[3,5]  return %0 }",
             "axis 0 of [4] has 4 elements, axis 1 of [3,5] has 5"},
            {"graph @g (%x: f32[5]) { %0 = broadcast %x {shape=[3,5], dims=[2]} : f32[3,5]  return %0 }",
             "out of range"}},
};

const OpSamples slice = {
    .good =
        {{"graph @g (%x: f32[3,7]) { %0 = slice %x {start=[1,1], limit=[3,6], stride=[1,2]} : f32[2,3]  "
          "return %0 }"},
         {"graph @g (%x: i32[9]) { %0 = slice %x {start=[2], limit=[8], stride=[4]} : i32[2]  return %0 }"},
         {"graph @g (%x: f64[5]) { %0 = slice %x {start=[1], limit=[4], stride=[9223372036854775807]} : "
          "f64[1]  "
          "return %0 }"}},
    .bad = {{"graph @g (%x: f32[3]) { %0 = slice %x {start=[1], limit=[4], stride=[1]} : f32[3]  return %0 }",
             "1 to 4 is not within [3]"},
            {"graph @g (%x: f32[3]) { %0 = slice %x {start=[0], limit=[3], stride=[0]} : f32[3]  return %0 }",
             "stride 0"}},
};

const OpSamples pad = {
    .good =
        {{"graph @g (%x: f32[3,5], %v: f32[]) { %0 = pad %x, %v {low=[1,-1], high=[0,2], interior=[2,0]} : "
          "f32[8,6]  return %0 }"},
         {"graph @g (%x: f64[4], %v: f64[]) { %0 = pad %x, %v {low=[-2], high=[1], interior=[1]} : f64[6]  "
          "return %0 }"}},
    .bad = {{"graph @g (%x: f32[3], %v: f32[]) { %0 = pad %x, %v {low=[-2], high=[-2], interior=[0]} : "
             "f32[0]  return %0 }",
             "leaves -1 of 3"},
            {"graph @g (%x: f32[3], %v: f32[]) { %0 = pad %x, %v {low=[-9223372036854775808], high=[0], "
             "interior=[0]} : f32[3]  return %0 }",
             "the padding is too large"},
            {"graph @g (%x: f32[3], %v: f32[]) { %0 = pad %x, %v {low=[0], high=[9223372036854775807], "
             "interior=[9223372036854775807]} : f32[3]  return %0 }",
             "the padding is too large"},
            {"graph @g (%x: f32[3], %v: f32[1]) { %0 = pad %x, %v {low=[1], high=[0], interior=[0]} : "
             "f32[4]  return %0 }",
             "the fill is f32[1], expected f32[]"}},
};

const OpSamples concat = {
    .good =
        {{"graph @g (%x: f32[3,5], %y: f32[3,2], %z: f32[3,1]) { %0 = concat %x, %y, %z {axis=1} : f32[3,8]  "
          "return %0 }"},
         {"graph @g (%x: f64[2], %y: f64[3]) { %0 = concat %x, %y, %x {axis=0} : f64[7]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3,5], %y: f32[2,5]) { %0 = concat %x, %y {axis=1} : f32[3,10]  return %0 }",
             "do not line up along axis 1"}},
};

const OpSamples reverse = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = reverse %x {axes=[0,1]} : f32[3,5]  return %0 }"},
             {"graph @g (%x: i64[7]) { %0 = reverse %x {axes=[0]} : i64[7]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3,5]) { %0 = reverse %x {axes=[1,0]} : f32[3,5]  return %0 }",
             "not ascending"}},
};

const OpSamples relayout = {
    .good = {{"graph @g (%x: f32[3,5]) { %1 = relayout %x : f32[3,5] layout [1,0]  %0 = relayout %1 : "
              "f32[3,5]  return %0 }"},
             {"graph @g (%x: f64[5,8]) { %1 = relayout %x : f64[5,8] layout [1,0] tiled [1,4]  %2 = neg %1 : "
              "f64[5,8]  %0 = relayout %2 : f64[5,8]  return %0 }"},
             {"graph @g (%x: f32[3,5,7]) { %1 = relayout %x : f32[3,5,7] layout [2,0,1] tiled [2,1,3] padded "
              "[0,4,1]  %0 = relayout %1 : f32[3,5,7]  return %0 }"},
             {"graph @g (%x: i32[6]) { %1 = relayout %x : i32[6] layout [0] tiled [4]  %0 = relayout %1 : "
              "i32[6]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3,5]) { %0 = relayout %x : f32[5,3] layout [1,0]  return %0 }",
             "the result is given as f32[5,3] layout [1,0], but it is f32[3,5]"},
            {"graph @g (%x: f32[3], %y: f32[3]) { %0 = relayout %x, %y : f32[3]  return %0 }", "operand"}},
};

}  // namespace gradus::testing::samples
