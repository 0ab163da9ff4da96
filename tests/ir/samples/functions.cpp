// Samples of the ops in ir/ops/functions.cpp.
#include "tests/ir/samples/elementwise.h"

namespace gradus::testing::samples {

namespace {

OpSamples smooth(std::string_view op, double low = -2, double high = 2) {
  return {.good = {elementwise_sample(op, 1, "f32[3,5]", low, high),
                   elementwise_sample(op, 1, "f64[7]", low, high)},
          .bad = elementwise_bad_samples(op, 1)};
}

OpSamples piecewise_constant(std::string_view op) {
  return {.good = {elementwise_sample(op, 1, "f32[3,5]"), elementwise_sample(op, 1, "f64[7]"),
                   elementwise_sample(op, 1, "i32[7]")},
          .bad = elementwise_bad_samples(op, 1)};
}

}  // namespace

const OpSamples neg = {
    .good = {elementwise_sample("neg", 1, "f32[3,5]"), elementwise_sample("neg", 1, "i32[7]")},
    .bad = elementwise_bad_samples("neg", 1),
};

const OpSamples abs = {
    .good = {elementwise_sample("abs", 1, "f32[3,5]"), elementwise_sample("abs", 1, "i32[7]")},
    .bad = elementwise_bad_samples("abs", 1),
};

const OpSamples sign = piecewise_constant("sign");
const OpSamples floor = piecewise_constant("floor");
const OpSamples ceil = piecewise_constant("ceil");
const OpSamples round = piecewise_constant("round");

const OpSamples exp = smooth("exp");
const OpSamples expm1 = smooth("expm1");
const OpSamples log = smooth("log", 0.1, 4);
const OpSamples log1p = smooth("log1p", -0.8, 3);
const OpSamples sqrt = smooth("sqrt", 0.1, 4);
const OpSamples rsqrt = smooth("rsqrt", 0.1, 4);
const OpSamples cbrt = smooth("cbrt", 0.1, 4);
const OpSamples sin = smooth("sin");
const OpSamples cos = smooth("cos");
const OpSamples tan = smooth("tan", -1.2, 1.2);
const OpSamples asin = smooth("asin", -0.9, 0.9);
const OpSamples acos = smooth("acos", -0.9, 0.9);
const OpSamples atan = smooth("atan");
const OpSamples sinh = smooth("sinh");
const OpSamples cosh = smooth("cosh");
const OpSamples tanh = smooth("tanh");
const OpSamples erf = smooth("erf");
const OpSamples sigmoid = smooth("sigmoid");
const OpSamples softplus = smooth("softplus");
const OpSamples normal_cdf = smooth("normal_cdf");

const OpSamples is_finite = {
    .good = {elementwise_sample("is_finite", 1, "f32[3,5]", -2, 2, "bool[3,5]")},
    .bad = elementwise_bad_samples("is_finite", 1),
};

}  // namespace gradus::testing::samples
