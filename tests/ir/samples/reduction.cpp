// Samples of the ops in ir/ops/reduction.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

std::vector<Sample> reduction_samples(std::string_view op, const char* element) {
  const auto text = [&](const char* shape, const char* axes, const char* result, const char* type) {
    return fmt::format("graph @g (%x: {0}{1}) {{ %0 = {2} %x {{axes={3}}} : {0}{4}  return %0 }}", type,
                       shape, op, axes, result);
  };
  const char* wide = std::string_view(element) == "f32" ? "f64" : element;
  return {{text("[3,5]", "[1]", "[3]", element)},
          {text("[3,5]", "[0]", "[5]", wide)},
          {text("[2,3,5]", "[0,2]", "[3]", wide)},
          {text("[7]", "[0]", "[]", element)}};
}

std::vector<BadSample> reduction_bad_samples(std::string_view op, const char* element) {
  return {
      {fmt::format("graph @g (%x: {0}[3,5]) {{ %0 = {1} %x {{axes=[2]}} : {0}[3]  return %0 }}", element, op),
       "out of range"},
      {fmt::format("graph @g (%x: {0}[3,5]) {{ %0 = {1} %x {{axes=[1,0]}} : {0}[]  return %0 }}", element,
                   op),
       "not ascending"}};
}

OpSamples reduction(std::string_view op, const char* element = "f32") {
  return {.good = reduction_samples(op, element), .bad = reduction_bad_samples(op, element)};
}

OpSamples position(std::string_view op) {
  return {
      .good = {{fmt::format("graph @g (%x: f32[3,5]) {{ %0 = {} %x {{axis=1}} : i32[3]  return %0 }}", op)},
               {fmt::format("graph @g (%x: i32[7,2]) {{ %0 = {} %x {{axis=0}} : i32[2]  return %0 }}", op)}},
      .bad = {{fmt::format("graph @g (%x: f32[3,5]) {{ %0 = {} %x {{axis=2}} : i32[3]  return %0 }}", op),
               "out of range"},
              {fmt::format("graph @g (%x: f32[3,0]) {{ %0 = {} %x {{axis=1}} : i32[3]  return %0 }}", op),
               "is empty"}}};
}

}  // namespace

const OpSamples sum = reduction("sum");
const OpSamples prod = reduction("prod");
const OpSamples max = reduction("max");
const OpSamples min = reduction("min");
const OpSamples any = reduction("any", "bool");
const OpSamples all = reduction("all", "bool");
const OpSamples argmax = position("argmax");
const OpSamples argmin = position("argmin");

const OpSamples cumsum = {
    .good = {{"graph @g (%x: f32[3,5]) { %0 = cumsum %x {axis=1} : f32[3,5]  return %0 }"},
             {"graph @g (%x: f64[7,2]) { %0 = cumsum %x {axis=0} : f64[7,2]  return %0 }"}},
    .bad = {{"graph @g (%x: f32[3,5]) { %0 = cumsum %x {axis=-1} : f32[3,5]  return %0 }", "out of range"}},
};

}  // namespace gradus::testing::samples
