// Samples of the ops in ir/ops/dynamic_slice.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/sample_text.h"
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

Sample sample(const std::string& inputs, const std::string& line, int64_t below) {
  Sample s{sample_text(inputs, line)};
  s.below = below;
  return s;
}

BadSample bad(const std::string& inputs, const std::string& line, const char* message) {
  return {sample_text(inputs, line), message};
}

}  // namespace

const OpSamples dynamic_slice = {
    .good =
        {
            sample("%x: f32[5,7], %i: i32[], %j: i64[]",
                   "%0 = dynamic_slice %x, %i, %j {size=[2,3]} : f32[2,3]", 9),
            sample("%x: f64[11], %i: i64[]", "%0 = dynamic_slice %x, %i {size=[4]} : f64[4]", 8),
            sample("%x: i32[3,2,4], %i: i32[], %j: i32[], %k: i32[]",
                   "%0 = dynamic_slice %x, %i, %j, %k {size=[1,2,3]} : i32[1,2,3]", 4),
            sample("%x: f32[7,3], %i: i32[]",
                   "%1 = neg %i : i32[]  %0 = dynamic_slice %x, %1, %i {size=[5,1]} : f32[5,1]", 9),
            sample("%x: f64[]", "%0 = dynamic_slice %x {size=[]} : f64[]", 9),
        },
    .bad =
        {
            bad("%x: f32[5,7], %i: i32[]", "%0 = dynamic_slice %x, %i {size=[2,3]} : f32[2,3]",
                "has 2 axes, but there are 1 starts"),
            bad("%x: f32[5], %i: f32[]", "%0 = dynamic_slice %x, %i {size=[2]} : f32[2]",
                "expected an integer type"),
            bad("%x: f32[5], %i: i32[1]", "%0 = dynamic_slice %x, %i {size=[2]} : f32[2]",
                "expected a scalar"),
            bad("%x: f32[5], %i: i32[]", "%0 = dynamic_slice %x, %i {size=[6]} : f32[6]",
                "6 elements of axis 0"),
            bad("%x: f32[5], %i: i32[]", "%0 = dynamic_slice %x, %i {size=[-1]} : f32[1]",
                "-1 elements of axis 0"),
            bad("%x: f32[5], %i: i32[]", "%0 = dynamic_slice %x, %i {size=[2,2]} : f32[2]", "size"),
        },
};

const OpSamples dynamic_update_slice = {
    .good =
        {
            sample("%x: f32[5,7], %u: f32[2,3], %i: i32[], %j: i64[]",
                   "%0 = dynamic_update_slice %x, %u, %i, %j : f32[5,7]", 9),
            sample("%x: f64[11], %u: f64[4], %i: i64[]", "%0 = dynamic_update_slice %x, %u, %i : f64[11]", 8),
            sample("%x: i32[3,2,4], %u: i32[1,2,3], %i: i32[], %j: i32[], %k: i32[]",
                   "%0 = dynamic_update_slice %x, %u, %i, %j, %k : i32[3,2,4]", 4),
            sample("%x: f32[7,3], %u: f32[5,1], %i: i32[]",
                   "%1 = neg %i : i32[]  %0 = dynamic_update_slice %x, %u, %1, %i : f32[7,3]", 9),
            sample("%x: f64[], %u: f64[]", "%0 = dynamic_update_slice %x, %u : f64[]", 9),
        },
    .bad =
        {
            bad("%x: f32[5], %u: f32[2]", "%0 = dynamic_update_slice %x, %u : f32[5]",
                "has 1 axes, but there are 0 starts"),
            bad("%x: f32[5], %u: f64[2], %i: i32[]", "%0 = dynamic_update_slice %x, %u, %i : f32[5]",
                "element types differ"),
            bad("%x: f32[5], %u: f32[2,2], %i: i32[]", "%0 = dynamic_update_slice %x, %u, %i : f32[5]",
                "numbers of axes differ"),
            bad("%x: f32[5], %u: f32[7], %i: i32[]", "%0 = dynamic_update_slice %x, %u, %i : f32[5]",
                "7 elements of axis 0"),
        },
};

}  // namespace gradus::testing::samples
