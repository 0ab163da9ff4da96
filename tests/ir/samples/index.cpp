// Samples of the ops in ir/ops/index.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/sample_text.h"
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

Sample one_hot_sample(const char* ids, const char* attributes, const char* result, const char* returned,
                      int64_t below) {
  return {
      fmt::format("graph @sample (%ids: {}) {{\n  %0:2 = one_hot %ids {{{}}} : {}, i64[]\n  return {}\n}}\n",
                  ids, attributes, result, returned),
      -2, 2, below, false};
}

Sample iota_sample(const char* attributes, const char* type) {
  Sample s{sample_text("", fmt::format("%0 = iota {{{}}} : {}", attributes, type))};
  s.differentiate = false;
  return s;
}

Sample status_sample(int64_t below) {
  return {
      "graph @sample (%a: i32[9], %b: i32[7], %c: i32[5]) {\n"
      "  %0:2 = one_hot %a {depth=8, element=f32, check=2} : f32[9,8], i64[]\n"
      "  %1:2 = one_hot %b {depth=4, element=f32, check=0} : f32[7,4], i64[]\n"
      "  %2:2 = one_hot %c {depth=3, element=f32, check=1} : f32[5,3], i64[]\n"
      "  %3 = status %0#1, %1#1, %2#1 {checks=[2,0,1]} : i64[2]\n"
      "  return %3\n}\n",
      -2, 2, below, false};
}

BadSample bad(const char* inputs, const std::string& line, const char* message) {
  return {sample_text(inputs, line), message};
}

}  // namespace

const OpSamples one_hot = {
    .good =
        {
            one_hot_sample("i32[5]", "depth=4, element=f32, check=0", "f32[5,4]", "%0", 4),
            one_hot_sample("i64[2,3]", "depth=7, element=f64, check=0", "f64[2,3,7]", "%0, %0#1", 9),
            one_hot_sample("i32[]", "depth=3, element=i32", "i32[3]", "%0", 3),
            one_hot_sample("u8[17]", "depth=3, element=bool, check=0", "bool[17,3]", "%0, %0#1", 5),
        },
    .bad =
        {
            bad("%x: f32[5]", "%0:2 = one_hot %x {depth=4, element=f32, check=0} : f32[5,4], i64[]",
                "expected an integer"),
            bad("%x: i32[5]", "%0:2 = one_hot %x {depth=0, element=f32, check=0} : f32[5,0], i64[]",
                "depth 0 must be"),
            bad("%x: i32[5]",
                "%0:2 = one_hot %x {depth=9223372036854775807, element=f32, check=0} : f32[5,1], i64[]",
                "too large"),
        },
};

const OpSamples iota = {
    .good = {iota_sample("element=i64, shape=[17], axis=0", "i64[17]"),
             iota_sample("element=f32, shape=[3,5], axis=1", "f32[3,5]"),
             iota_sample("element=i32, shape=[3,2,5], axis=1", "i32[3,2,5]"),
             iota_sample("element=f64, shape=[7,3], axis=0", "f64[7,3]"),
             iota_sample("element=u8, shape=[256], axis=0", "u8[256]")},
    .bad =
        {
            bad("", "%0 = iota {element=f32, shape=[3], axis=1} : f32[3]", "axis 1 is out of range"),
            bad("", "%0 = iota {element=f32, shape=[-3], axis=0} : f32[3]", "negative extent"),
            bad("", "%0 = iota {element=bool, shape=[3], axis=0} : bool[3]", "expected numbers"),
            bad("", "%0 = iota {element=i8, shape=[2,129], axis=1} : i8[2,129]", "i8 does not hold 128"),
            bad("", "%0 = iota {element=i64, shape=[4294967296,4294967296], axis=0} : i64[3]", "too large"),
        },
};

const OpSamples status = {
    // Everything in range, some checks failing, all failing.
    .good = {status_sample(3), status_sample(4), status_sample(5), status_sample(9)},
    .bad =
        {
            bad("%a: i32[]", "%0 = status %a {checks=[0]} : i64[2]", "expected i64[]"),
            bad("%a: i64[]", "%0 = status %a {checks=[0,1]} : i64[2]", "2 checks for 1 operands"),
            bad("%a: i64[]", "%0 = status %a {checks=[-1]} : i64[2]", "check -1 is negative"),
        },
};

}  // namespace gradus::testing::samples
