// Samples of the ops in ir/ops/random.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/sample_text.h"
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

Sample sample(std::string_view op, const char* attributes, const char* type) {
  Sample s{sample_text("seed %seed: i64[], step %step: i64[], %site: i64[], %scan: i64[]",
                       fmt::format("%0 = {} %seed, %step, %site, %scan {{{}}} : {}", op, attributes, type))};
  s.differentiate = false;
  return s;
}

BadSample bad(std::string_view op, const char* seed, const char* attributes, const char* message) {
  return {sample_text(fmt::format("%seed: {}, %i: i64[]", seed),
                      fmt::format("%0 = {} %seed, %i, %i, %i {{{}}} : f32[3]", op, attributes)),
          message};
}

OpSamples floats(std::string_view op) {
  return {
      .good = {sample(op, "shape=[], element=f32", "f32[]"), sample(op, "shape=[17], element=f64", "f64[17]"),
               sample(op, "shape=[129], element=f32", "f32[129]"),
               sample(op, "shape=[3,5,7], element=f32", "f32[3,5,7]"),
               sample(op, "shape=[2,64], element=f64", "f64[2,64]")},
      .bad = {bad(op, "i64[]", "shape=[3], element=i32", "expected f32 or f64"),
              bad(op, "i32[]", "shape=[3], element=f32", "the seed is i32[], expected i64[]"),
              bad(op, "i64[]", "shape=[17179869185], element=f32", "too large for one draw"),
              bad(op, "i64[]", "shape=[-1], element=f32", "negative extent")}};
}

}  // namespace

const OpSamples random_bits = {
    .good = {sample("random_bits", "shape=[]", "i32[]"), sample("random_bits", "shape=[17]", "i32[17]"),
             sample("random_bits", "shape=[200]", "i32[200]"),
             sample("random_bits", "shape=[3,5,7]", "i32[3,5,7]")},
    .bad = {bad("random_bits", "i64[1]", "shape=[3]", "the seed is i64[1], expected i64[]"),
            bad("random_bits", "i64[]", "shape=[17179869185]", "too large for one draw"),
            bad("random_bits", "i64[]", "shape=[4294967296,4294967296]", "too large")},
};

const OpSamples uniform = floats("uniform");
const OpSamples normal = floats("normal");

}  // namespace gradus::testing::samples
