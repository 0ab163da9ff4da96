// Samples of the ops in ir/ops/reduce_window.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/sample_text.h"
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

Sample sample(const std::string& x, const std::string& attributes, const std::string& result) {
  return {sample_text("%x: " + x, fmt::format("%0 = reduce_window %x {{{}}} : {}", attributes, result))};
}

BadSample bad(const std::string& x, const std::string& attributes, const std::string& message) {
  return {sample(x, attributes, "f32[1]").text, message};
}

std::string kinds_attributes(const char* kind, const char* rest) {
  return fmt::format("kind=\"{}\", {}", kind, rest);
}

std::vector<Sample> make_samples() {
  std::vector<Sample> s;
  for (const char* kind : {"sum", "max", "min"}) {
    const auto add = [&](const char* x, const char* rest, const char* y) {
      s.push_back(sample(x, kinds_attributes(kind, rest), y));
    };
    add("f32[2,4,6,3]", "window=[1,2,2,1], stride=[1,2,2,1], low=[0,0,0,0], high=[0,0,0,0]", "f32[2,2,3,3]");
    add("f64[1,5,7,2]", "window=[1,2,3,1], stride=[1,2,3,1], low=[0,0,0,0], high=[0,0,0,0]", "f64[1,2,2,2]");
    add("f32[1,7,7,2]", "window=[1,3,3,1], stride=[1,2,2,1], low=[0,1,0,0], high=[0,1,2,0]", "f32[1,4,4,2]");
    add("f64[3,5,6]", "window=[1,2,3], stride=[1,1,3], low=[0,1,0], high=[0,0,2]", "f64[3,5,2]");
    add("f32[17]", "window=[5], stride=[3], low=[2], high=[1]", "f32[6]");
    add("f64[3,4]", "window=[3,4], stride=[1,1], low=[0,0], high=[0,0]", "f64[1,1]");
  }
  s.push_back(sample("f64[5]", "kind=\"sum\", window=[5], stride=[1], low=[4], high=[0]", "f64[5]"));
  s.push_back(sample("f32[2]", "kind=\"sum\", window=[2], stride=[3], low=[3], high=[4]", "f32[3]"));
  s.push_back(sample("f64[]", "kind=\"max\", window=[], stride=[], low=[], high=[]", "f64[]"));
  s.push_back(
      sample("i32[5,5]", "kind=\"max\", window=[2,2], stride=[2,2], low=[0,0], high=[1,1]", "i32[3,3]"));
  s.back().differentiate = false;
  return s;
}

std::vector<BadSample> make_bad_samples() {
  return {
      bad("f32[5]", "kind=\"max\", window=[6], stride=[1], low=[0], high=[0]",
          "the window is larger than its input"),
      bad("f32[5]", "kind=\"max\", window=[2], stride=[0], low=[0], high=[0]", "stride 0 on axis 0"),
      bad("f32[5]", "kind=\"max\", window=[0], stride=[1], low=[0], high=[0]", "window 0 on axis 0"),
      bad("f32[5]", "kind=\"max\", window=[2], stride=[1], low=[2], high=[0]", "would lie in the padding"),
      bad("f32[5]", "kind=\"sum\", window=[2], stride=[9223372036854775807], low=[0], high=[0]",
          "stride 9223372036854775807"),
      bad("f32[5]", "kind=\"sum\", window=[2], stride=[1], low=[35184372088832], high=[35184372088832]",
          "too large"),
      bad("f32[5]", "kind=\"sum\", window=[2], stride=[1], low=[-1], high=[0]", "low padding -1"),
      bad("f32[5,5]", "kind=\"sum\", window=[2], stride=[1,1], low=[0,0], high=[0,0]",
          "window has 1 entries"),
      bad("f32[5]", "kind=\"mean\", window=[2], stride=[1], low=[0], high=[0]", "there is no kind \"mean\""),
      bad("bool[5]", "kind=\"max\", window=[2], stride=[1], low=[0], high=[0]", "expected numbers"),
  };
}

}  // namespace

const OpSamples reduce_window = {
    .good = make_samples(),
    .bad = make_bad_samples(),
};

}  // namespace gradus::testing::samples
