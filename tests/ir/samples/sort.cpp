// Samples of the ops in ir/ops/sort.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

Sample sample(const char* op, const char* x, const char* attributes, const char* y, const char* positions,
              int64_t below = 4) {
  return {fmt::format("graph @sample (%x: {}) {{\n  %0:2 = {} %x {{{}}} : {}, {}\n  return %0, %0#1\n}}\n", x,
                      op, attributes, y, positions),
          -2, 2, below};
}

// Equal elements, which keep their order, and NaN.
Sample special_sample(const char* op, const char* attributes, const char* y, const char* positions) {
  Sample s{
      fmt::format("graph @sample (%x: f32[3,8]) {{\n"
                  "  %1 = floor %x : f32[3,8]\n"
                  "  %2 = constant {{element=f32, shape=[3,8], values=[0.0,nan,0.0,inf,-0.0,0.0,nan,0.0,"
                  "0.0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,nan,nan,-inf,0.0,0.0,-inf,0.0,nan]}} : f32[3,8]\n"
                  "  %3 = add %1, %2 : f32[3,8]\n"
                  "  %4:2 = {} %3 {{{}}} : {}, {}\n  return %4#1\n}}\n",
                  op, attributes, y, positions)};
  s.differentiate = false;
  return s;
}

BadSample bad(const char* op, const char* x, const char* attributes, const char* message) {
  return {fmt::format("graph @sample (%x: {}) {{\n  %0:2 = {} %x {{{}}} : f32[1], i32[1]\n  return %0\n}}\n",
                      x, op, attributes),
          message};
}

}  // namespace

const OpSamples sort = {
    .good =
        {
            sample("sort", "f32[7]", "axis=0", "f32[7]", "i32[7]"),
            sample("sort", "f64[3,5]", "axis=1", "f64[3,5]", "i32[3,5]"),
            sample("sort", "f32[5,3]", "axis=0", "f32[5,3]", "i32[5,3]"),
            sample("sort", "f64[2,17,3]", "axis=1", "f64[2,17,3]", "i32[2,17,3]"),
            sample("sort", "i32[4,33]", "axis=1", "i32[4,33]", "i32[4,33]", 9),
            sample("sort", "i64[64]", "axis=0", "i64[64]", "i32[64]", 40),
            sample("sort", "f32[3,1]", "axis=1", "f32[3,1]", "i32[3,1]"),
            special_sample("sort", "axis=1", "f32[3,8]", "i32[3,8]"),
        },
    .bad =
        {
            bad("sort", "f32[4]", "axis=1", "axis 1 is out of range"),
            bad("sort", "bool[4]", "axis=0", "bool"),
            bad("sort", "f32[4]", "", "'axis' is missing"),
            bad("sort", "u8[4294967296]", "axis=0", "is too long"),
        },
};

const OpSamples top_k = {
    .good =
        {
            sample("top_k", "f32[7]", "k=3", "f32[3]", "i32[3]"),
            sample("top_k", "f64[3,5]", "k=1", "f64[3,1]", "i32[3,1]"),
            sample("top_k", "f64[2,3,17]", "k=17", "f64[2,3,17]", "i32[2,3,17]"),
            sample("top_k", "i32[4,33]", "k=5", "i32[4,5]", "i32[4,5]", 9),
            sample("top_k", "f32[2,100]", "k=60", "f32[2,60]", "i32[2,60]"),
            special_sample("top_k", "k=6", "f32[3,6]", "i32[3,6]"),
            special_sample("top_k", "k=8", "f32[3,8]", "i32[3,8]"),
        },
    .bad =
        {
            bad("top_k", "f32[]", "k=1", "a scalar has no last axis"),
            bad("top_k", "f32[4]", "k=5", "k is 5 for f32[4]"),
            bad("top_k", "f32[4]", "k=0", "k is 0 for f32[4]"),
            bad("top_k", "bool[4]", "k=1", "bool"),
        },
};

}  // namespace gradus::testing::samples
