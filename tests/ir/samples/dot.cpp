// Samples of the ops in ir/ops/dot.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/sample_text.h"
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

Sample sample(const std::string& x, const std::string& y, const std::string& attributes,
              const std::string& result, bool differentiate = true) {
  return {.text = sample_text(fmt::format("%x: {}, %y: {}", x, y),
                              fmt::format("%0 = dot %x, %y {{{}}} : {}", attributes, result)),
          .differentiate = differentiate};
}

BadSample bad(const std::string& x, const std::string& y, const std::string& attributes,
              const std::string& message) {
  return {sample(x, y, attributes, "f32[1]").text, message};
}

}  // namespace

const OpSamples dot = {
    .good =
        {
            sample("f32[3,5]", "f32[5,2]", "contract=[1]x[0]", "f32[3,2]"),
            sample("f64[17,33]", "f64[33,9]", "contract=[1]x[0]", "f64[17,9]"),
            sample("f32[5,3]", "f32[2,5]", "contract=[0]x[1]", "f32[3,2]"),
            sample("f64[7]", "f64[7]", "contract=[0]x[0]", "f64[]"),
            sample("f32[3]", "f32[4]", "contract=[]x[]", "f32[3,4]"),
            sample("f64[7]", "f64[7,3]", "contract=[0]x[0]", "f64[3]"),
            sample("f32[2,3,5]", "f32[2,5,4]", "batch=[0]x[0], contract=[2]x[1]", "f32[2,3,4]"),
            sample("f64[3,2,5,4]", "f64[4,5,3,6]", "contract=[2,3]x[1,0], batch=[0]x[2]", "f64[3,2,6]"),
            sample("f32[2,3,5,4]", "f32[3,6,2,5]", "batch=[1,0]x[0,2], contract=[2]x[3]", "f32[3,2,4,6]"),
            sample("f64[2,3,4]", "f64[4,3,2]", "contract=[2,0,1]x[0,2,1]", "f64[]"),
            sample("i32[3,4]", "i32[4,2]", "contract=[1]x[0]", "i32[3,2]", false),
        },
    .bad =
        {
            bad("f32[64,400]", "f32[256,120]", "contract=[1]x[0]",
                "inner sizes differ: f32[64,400] @ f32[256,120]"),
            bad("f32[2,3,4]", "f32[3,4,5]", "batch=[0]x[0], contract=[2]x[1]", "batch sizes differ"),
            bad("f32[2,3]", "f64[3,2]", "contract=[1]x[0]", "element types differ"),
            bad("f32[2,3]", "f32[3,2]", "contract=[2]x[0]", "axis 2 of the first operand does not exist"),
            bad("f32[3,3]", "f32[3,3]", "contract=[1,1]x[0,1]", "axis 1 of the first operand is named twice"),
            bad("f32[3,3]", "f32[3,3]", "contract=[0,1]x[0]", "axes must come in pairs"),
            bad("bool[2,3]", "bool[3,2]", "contract=[1]x[0]", "expected numbers"),
            bad("f32[4194304]", "f32[67108864]", "contract=[]x[]", "too large"),
        },
};

}  // namespace gradus::testing::samples
