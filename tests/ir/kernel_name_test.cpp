// Kernels are called by what they compute, whoever built them.
#include "ir/kernel/name.h"

#include <catch2/catch.hpp>

#include "ir/build.h"
#include "ir/text/parse.h"

using namespace gradus;

namespace {

constexpr const char* text = R"(graph @body (%a: f32[6,8], %b: f32[8,6], %c: f32[6,6]) {
  %0 = dot %a, %b {contract=[1]x[0]} : f32[6,6]
  %1 = sub %0, %c : f32[6,6]
  return p = %1
})";

std::string name_with(std::string_view what, std::string_view instead) {
  std::string changed = text;
  for (size_t at = 0; (at = changed.find(what, at)) != std::string::npos; at += instead.size())
    changed.replace(at, what.size(), instead);
  REQUIRE(changed != text);
  return kernel_name(parse_graph(changed));
}

}  // namespace

TEST_CASE("a kernel's name is that of its text, wherever its inputs stand among the nodes") {
  const std::string name = kernel_name(parse_graph(text));
  GraphBuilder builder("a pass's");
  const Value a = builder.input("a0", InputKind::data, {ElementType::f32, {6, 8}});
  const Value b = builder.input("a1", InputKind::data, {ElementType::f32, {8, 6}});
  const Value product = builder.add(OpId::dot, {a, b}, {{"contract", AxisPairs{{1}, {0}}}});
  const Value c = builder.input("a2", InputKind::data, {ElementType::f32, {6, 6}});
  builder.add_result("", builder.add(OpId::sub, {product, c}));
  CHECK(kernel_name(std::move(builder).finish()) == name);
  CHECK(name_with("%1", "%17") == name);
  CHECK(name_with("%a", "%other") == name);
}

TEST_CASE("another attribute, type, layout, operand, op or result is another kernel") {
  const std::string name = kernel_name(parse_graph(text));
  CHECK(name_with("f32", "f64") != name);
  CHECK(name_with("8", "9") != name);
  CHECK(name_with("%b: f32[8,6]", "%b: f32[8,6] layout [1,0]") != name);
  CHECK(name_with("sub %0, %c", "sub %c, %0") != name);
  CHECK(name_with("sub", "add") != name);
  CHECK(name_with("p = %1", "p = %1, q = %0") != name);
}
