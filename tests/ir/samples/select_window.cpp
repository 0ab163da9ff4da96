// Samples of the ops in ir/ops/select_window.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/sample_text.h"
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

std::vector<Sample> make_samples(bool scatter) {
  std::vector<Sample> s;
  for (const char* kind : {"max", "min"}) {
    const auto add = [&](const char* x, const char* y, const char* window) {
      s.push_back({sample_text(
          fmt::format("%x: {}, %t: {}", x, scatter ? y : x),
          fmt::format("%0 = {} %x, %t {{kind=\"{}\", {}}} : {}",
                      scatter ? "select_and_scatter" : "select_and_gather", kind, window, scatter ? x : y))});
    };
    add("f32[2,4,6,3]", "f32[2,2,3,3]", "window=[1,2,2,1], stride=[1,2,2,1], low=[0,0,0,0], high=[0,0,0,0]");
    add("f64[1,7,5,2]", "f64[1,4,3,2]", "window=[1,3,3,1], stride=[1,2,2,1], low=[0,1,0,0], high=[0,1,2,0]");
    add("f32[3,17]", "f32[3,15]", "window=[1,3], stride=[1,1], low=[0,0], high=[0,0]");
    add("f64[7]", "f64[3]", "window=[2], stride=[2], low=[0], high=[0]");
  }
  return s;
}

BadSample bad(const char* op, const char* x, const char* t, const char* rest, const char* message) {
  return {sample_text(fmt::format("%x: {}, %t: {}", x, t),
                      fmt::format("%0 = {} %x, %t {{{}}} : f32[4]", op, rest)),
          message};
}

std::vector<BadSample> make_bad_samples(const char* op, const char* good_t, const char* wrong_t) {
  return {
      bad(op, "f32[4]", wrong_t, "kind=\"max\", window=[2], stride=[2], low=[0], high=[0]", wrong_t),
      bad(op, "f64[4]", good_t, "kind=\"max\", window=[2], stride=[2], low=[0], high=[0]",
          "element types differ"),
      bad(op, "f32[4]", good_t, "kind=\"sum\", window=[2], stride=[2], low=[0], high=[0]",
          "there is no kind \"sum\""),
      bad(op, "f32[4]", good_t, "kind=\"max\", window=[5], stride=[2], low=[0], high=[0]",
          "larger than its input"),
      bad(op, "f32[4]", good_t, "kind=\"max\", window=[2], stride=[-2], low=[0], high=[0]",
          "stride -2 on axis 0"),
      bad(op, "f32[4]", good_t, "kind=\"max\", window=[2], stride=[2], low=[0], high=[2]",
          "would lie in the padding"),
  };
}

}  // namespace

const OpSamples select_and_scatter = {
    .good = make_samples(true),
    .bad = make_bad_samples("select_and_scatter", "f32[2]", "f32[3]"),
};

const OpSamples select_and_gather = {
    .good = make_samples(false),
    .bad = make_bad_samples("select_and_gather", "f32[4]", "f32[3]"),
};

}  // namespace gradus::testing::samples
