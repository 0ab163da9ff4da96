// Names of functions are facts about their code: not where they stand, not what else the program holds.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <set>

#include "ir/digest.h"
#include "passes/pass.h"
#include "tests/codegen/lower_harness.h"

namespace gradus {
namespace {

using namespace testing;

bool is_copy(const loop::Function& function) { return function.name.rfind("copy_", 0) == 0; }

std::vector<std::string> names_of(const Graph& graph) {
  PassContext context;
  context.target = target_named("x86-64-v3");
  const loop::Program program = lower(schedule(graph, context), context.target);
  loop::verify_or_fail(program, "lowering");
  std::vector<std::string> names;  // but those of copies to results, which no plan has placed
  for (const loop::Function& function : program.functions)
    if (!is_copy(function)) names.push_back(function.name);
  return names;
}

Value some_input(GraphBuilder& b, const Shape& shape) {
  return b.input("x" + std::to_string(b.graph().inputs().size()), InputKind::data,
                 Type(ElementType::f32, shape));
}

Value product(GraphBuilder& b, Value x, Value y) { return build::dot(b, x, y, {{1}, {0}}); }

TEST_CASE("a kernel is named by what it computes and by its text, wherever it stands") {
  GraphBuilder alone("alone");
  const Value x = some_input(alone, {24, 40}), y = some_input(alone, {40, 56});
  alone.add_result("", product(alone, x, y));
  const std::vector<std::string> names = names_of(std::move(alone).finish());
  const std::string kernel = names.back();
  REQUIRE(kernel.substr(0, 4) == "dot_");
  REQUIRE(kernel.size() == 12);
  REQUIRE(std::all_of(kernel.begin() + 4, kernel.end(), [](char c) { return std::isxdigit(c); }));
  REQUIRE(names.size() > 1);
  for (const std::string& name : names) REQUIRE(name.rfind(kernel, 0) == 0);

  GraphBuilder later("another");
  const Value a = some_input(later, {7}), b = some_input(later, {24, 40}), c = some_input(later, {40, 56});
  later.add_result("", later.add(OpId::exp, {a}));
  later.add_result("", product(later, b, c));
  const std::vector<std::string> both = names_of(std::move(later).finish());
  REQUIRE(both.size() == names.size() + 1);
  REQUIRE(std::equal(names.begin(), names.end(), both.begin() + 1));
}

TEST_CASE("the digits of a name are a fixed function of the text") {
  GraphBuilder b;
  const Value x = some_input(b, {70});
  b.add_result("", b.add(OpId::exp, {x}));
  const loop::Program program = lower(std::move(b).finish(), target_named("x86-64-v3"));
  loop::Function function = program.functions.back();
  function.name = "kernel";
  function.origins.clear();
  Digest digest;
  digest.add(loop::print(function, false, loop::ShowOrigins::no));
  REQUIRE(program.functions.back().name == fmt::format("exp_{:08x}", digest.value() & 0xffffffff));
  Digest known;
  known.add("constant text");
  REQUIRE(known.text() == "cf5672f900b19025");
}

TEST_CASE("kernels of equal text are one function, though their bodies or tables differ") {
  GraphBuilder b;
  const Value flat = some_input(b, {60}), cube = some_input(b, {3, 4, 5});
  b.add_result("", b.add(OpId::exp, {flat}));
  b.add_result("", b.add(OpId::exp, {cube}));
  const Graph shapes = std::move(b).finish();
  REQUIRE(names_of(shapes).size() == 1);
  check(shapes);

  const auto plus_table = [](double first) {
    GraphBuilder body;
    const Value x = some_input(body, {3});
    const Value table = build::constant_values(body, Type(ElementType::f32, {3}), {first, 2, 4});
    body.add_result("", build::add(body, x, table));
    return std::make_shared<const Graph>(std::move(body).finish());
  };
  GraphBuilder two;
  const Value x = some_input(two, {3});
  two.add_result("", two.add(OpId::kernel, {x}, {}, plus_table(1)));
  two.add_result("", two.add(OpId::kernel, {x}, {}, plus_table(-1)));
  const Graph tables = std::move(two).finish();
  REQUIRE(names_of(tables).size() == 1);
  check(tables);
}

TEST_CASE("decoy: kernels that differ in one number are two functions") {
  GraphBuilder b;
  const Value x = some_input(b, {60});
  const auto times = [&](double factor) {
    GraphBuilder body;
    const Value in = some_input(body, {60});
    const Value splat = build::constant(body, Type(ElementType::f32, {60}), factor);
    body.add_result("", build::mul(body, in, splat));
    return b.add(OpId::kernel, {x}, {}, std::make_shared<const Graph>(std::move(body).finish()));
  };
  b.add_result("", times(1.5));
  b.add_result("", times(1.25));
  const Graph graph = std::move(b).finish();
  const std::vector<std::string> names = names_of(graph);
  REQUIRE(std::set<std::string>(names.begin(), names.end()).size() == 2);
  check(graph);
}

}  // namespace
}  // namespace gradus
