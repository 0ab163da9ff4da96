// Samples of the ops in ir/ops/constant.cpp.
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

const OpSamples constant = {
    .good =
        {{"graph @g (%x: f32[3]) { %0 = constant {element=f32, shape=[3], values=[0.5,-1.0,2.25]} : f32[3]  "
          "%1 = mul %x, %0 : f32[3]  return %1 }"},
         {"graph @g () { %0 = constant {element=i32, shape=[2,3], value=7} : i32[2,3]  return %0 }"},
         {"graph @g () { %0 = constant {element=bool, shape=[2], values=[0,1]} : bool[2]  return %0 }"}},
    .bad = {{"graph @g () { %0 = constant {element=f32, shape=[3], values=[1.0,2.0]} : f32[3]  return %0 }",
             "2 values for shape [3]"},
            {"graph @g () { %0 = constant {element=i32, shape=[3], value=1.5} : i32[3]  return %0 }",
             "i32 constant cannot hold 1.5"},
            {"graph @g () { %0 = constant {element=i8, shape=[3], value=300} : i8[3]  return %0 }",
             "i8 constant cannot hold 300"},
            {"graph @g () { %0 = constant {element=bool, shape=[2], values=[1,2]} : bool[2]  return %0 }",
             "bool constant cannot hold 2"},
            {"graph @g () { %0 = constant {element=f32, shape=[3]} : f32[3]  return %0 }",
             "either value or values"}},
};

}  // namespace gradus::testing::samples
