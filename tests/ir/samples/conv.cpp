// Samples of the ops in ir/ops/conv.cpp.
#include <fmt/format.h>

#include "tests/ir/samples/sample_text.h"
#include "tests/ir/samples/samples.h"

namespace gradus::testing::samples {

namespace {

struct Case {
  std::string kind = "forward";
  std::string axes = R"(input="b01f", filter="01io", output="b01f")";
  std::string window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1]";
  std::string size = {};
};

Sample sample(const std::string& a, const std::string& b, const Case& c, const std::string& result) {
  return {sample_text(fmt::format("%a: {}, %b: {}", a, b),
                      fmt::format("%0 = conv %a, %b {{kind=\"{}\", {}, {}{}}} : {}", c.kind, c.axes, c.window,
                                  c.size.empty() ? "" : fmt::format(", size={}", c.size), result))};
}

// The three kinds of one forward convolution.
void add_kinds(std::vector<Sample>& samples, const std::string& x, const std::string& w, const std::string& y,
               Case c, const std::string& input_size, const std::string& filter_size) {
  samples.push_back(sample(x, w, c, y));
  c.kind = "input_gradient";
  c.size = input_size;
  samples.push_back(sample(y, w, c, x));
  c.kind = "filter_gradient";
  c.size = filter_size;
  samples.push_back(sample(x, y, c, w));
}

std::vector<Sample> make_samples() {
  std::vector<Sample> s;
  add_kinds(s, "f32[2,5,6,3]", "f32[3,2,3,4]", "f32[2,3,5,4]", {}, "[5,6]", "[3,2]");
  add_kinds(s, "f32[1,7,8,1]", "f32[3,3,1,5]", "f32[1,4,4,5]",
            {.window = "stride=[2,2], low=[1,1], high=[1,1], dilation=[1,1]"}, "[7,8]", "[3,3]");
  add_kinds(s, "f64[2,7,9,2]", "f64[2,3,2,3]", "f64[2,6,3,3]",
            {.window = "stride=[1,2], low=[0,2], high=[1,0], dilation=[2,3]"}, "[7,9]", "[2,3]");
  add_kinds(s, "f32[2,3,5,4]", "f32[2,3,3,3]", "f32[2,2,3,2]",
            {.axes = R"(input="bf01", filter="oi01", output="bf01")"}, "[5,4]", "[3,3]");
  add_kinds(s, "f64[2,11,3]", "f64[4,3,2]", "f64[2,5,2]",
            {.axes = R"(input="b0f", filter="0io", output="b0f")",
             .window = "stride=[2], low=[2], high=[0], dilation=[1]"},
            "[11]", "[4]");
  add_kinds(s, "f32[2,2,7]", "f32[3,2,3]", "f32[2,3,3]",
            {.axes = R"(input="bf0", filter="oi0", output="bf0")",
             .window = "stride=[1], low=[0], high=[0], dilation=[2]"},
            "[7]", "[3]");
  add_kinds(s, "f64[1,4,3,5,2]", "f64[2,2,3,2,2]", "f64[1,3,3,2,2]",
            {.axes = R"(input="b012f", filter="012io", output="b012f")",
             .window = "stride=[1,1,2], low=[0,1,0], high=[0,0,0], dilation=[1,1,1]"},
            "[4,3,5]", "[2,2,3]");
  add_kinds(s, "f32[3,6,5,2]", "f32[1,1,2,17]", "f32[3,6,5,17]", {}, "[6,5]", "[1,1]");
  // The last row and column meet no window: their adjoint is zero.
  add_kinds(s, "f64[1,6,6,1]", "f64[3,3,1,2]", "f64[1,2,2,2]",
            {.window = "stride=[2,2], low=[0,0], high=[0,0], dilation=[1,1]"}, "[6,6]", "[3,3]");
  // Groups, and one channel each (depthwise), with one and with several results.
  add_kinds(s, "f32[2,5,6,4]", "f32[3,2,2,6]", "f32[2,3,5,6]",
            {.window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1], groups=2"}, "[5,6]", "[3,2]");
  add_kinds(s, "f32[2,6,7,17]", "f32[3,3,1,17]", "f32[2,3,4,17]",
            {.window = "stride=[2,2], low=[1,1], high=[1,1], dilation=[1,1], groups=17"}, "[6,7]", "[3,3]");
  add_kinds(s, "f64[1,9,3]", "f64[2,1,6]", "f64[1,7,6]",
            {.axes = R"(input="b0f", filter="0io", output="b0f")",
             .window = "stride=[1], low=[0], high=[0], dilation=[2], groups=3"},
            "[9]", "[2]");
  add_kinds(s, "f32[1,4,3,3,4]", "f32[2,2,1,2,20]", "f32[1,3,2,3,20]",
            {.axes = R"(input="b012f", filter="012io", output="b012f")",
             .window = "stride=[1,1,1], low=[0,0,0], high=[0,0,0], dilation=[1,1,1], groups=2"},
            "[4,3,3]", "[2,2,1]");
  add_kinds(s, "f64[2,4,3,5]", "f64[6,2,3,3]", "f64[2,6,1,3]",
            {.axes = R"(input="bf01", filter="oi01", output="bf01")",
             .window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1], groups=2"},
            "[3,5]", "[3,3]");
  // Axis orders that differ between operands and result.
  add_kinds(s, "f64[4,5,2,3]", "f64[3,4,3,2]", "f64[2,3,4,4]",
            {.axes = R"(input="01bf", filter="0oi1", output="b0f1")",
             .window = "stride=[1,1], low=[0,0], high=[1,0], dilation=[1,1]"},
            "[4,5]", "[3,2]");
  return s;
}

std::vector<BadSample> make_bad_samples() {
  const auto bad = [](const std::string& a, const std::string& b, const Case& c, const std::string& message) {
    return BadSample{sample(a, b, c, "f32[1,1,1,1]").text, message};
  };
  return {
      bad("f32[1,5,5,1]", "f32[7,7,1,6]", {}, "the window is larger than its input on spatial axis 0"),
      bad("f32[1,5,5,1]", "f32[3,3,1,6]", {.window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[1,3]"},
          "3 taps with dilation 3 over 5 elements"),
      bad("f32[1,5,5,3]", "f32[3,3,4,6]", {}, "input channels differ"),
      bad("f32[1,5,5,3]", "f64[3,3,3,6]", {}, "element types differ"),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]", {.window = "stride=[0,1], low=[0,0], high=[0,0], dilation=[1,1]"},
          "stride 0 on spatial axis 0"),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]", {.window = "stride=[1,1], low=[-1,0], high=[0,0], dilation=[1,1]"},
          "low padding -1 on spatial axis 0"),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]",
          {.window = "stride=[1,1], low=[9223372036854775807,0], high=[0,0], dilation=[1,1]"},
          "low padding 9223372036854775807"),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]",
          {.window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[4611686018427387904,1]"},
          "dilation 4611686018427387904"),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]",
          {.window = "stride=[1,1], low=[35184372088832,0], high=[0,0], dilation=[1,1]"}, "too large"),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]", {.window = "stride=[1], low=[0,0], high=[0,0], dilation=[1,1]"},
          "stride has 1 entries"),
      bad("f32[5,5,3]", "f32[3,3,3,6]", {}, "but its axes are \"b01f\""),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]", {.axes = R"(input="b00f", filter="01io", output="b01f")"},
          "the axes of the input are \"b00f\""),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]", {.axes = R"(input="b0f", filter="01io", output="b01f")"},
          "differ in their number of spatial axes"),
      bad("f32[1,5,5,3]", "f32[3,3,3,6]", {.kind = "backward"}, "there is no kind \"backward\""),
      bad("f32[1,3,3,6]", "f32[3,3,3,6]", {.kind = "input_gradient"}, "'size' is missing"),
      bad("f32[1,3,3,6]", "f32[3,3,3,6]", {.kind = "input_gradient", .size = "[6,5]"},
          "the forward convolution gives [4,3]"),
      bad("f32[1,5,5,3]", "f32[2,3,3,6]", {.kind = "filter_gradient", .size = "[3,3]"}, "batch sizes differ"),
      bad("f32[1,5,5,4]", "f32[3,3,4,6]",
          {.window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1], groups=2"},
          "the filter of 2 groups has 4 input channels"),
      bad("f32[1,5,5,3]", "f32[3,3,1,6]",
          {.window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1], groups=2"},
          "3 input channels cannot be cut into 2 groups"),
      bad("f32[1,5,5,4]", "f32[3,3,2,5]",
          {.window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1], groups=2"},
          "5 output channels cannot be cut into 2 groups"),
      bad("f32[1,5,5,4]", "f32[3,3,2,6]",
          {.window = "stride=[1,1], low=[0,0], high=[0,0], dilation=[1,1], groups=0"}, "groups is 0"),
  };
}

}  // namespace

const OpSamples conv = {
    .good = make_samples(),
    .bad = make_bad_samples(),
};

}  // namespace gradus::testing::samples
