#include <catch2/catch.hpp>
#include <cmath>

#include "tests/codegen/programs.h"

namespace gradus {
namespace {

using namespace testing;

const std::vector<std::string> targets = {"x86-64-v2", "x86-64-v3", "native"};

template <class T>
void check_every_length(ElementType element) {
  for (const std::string& name : targets) {
    const Target target = target_named(name);
    for (int64_t count = 1; count <= 70; ++count) {
      const Program program = elementwise({element, element}, element, count, [](const auto& x) {
        return make(ScalarOp::multiply_add, {x[0], x[1], x[0]}) - x[1];
      });
      const CompiledProgram compiled = compile(program, target, {1, true});
      std::vector<T> a;
      std::vector<T> b;
      for (int64_t i = 0; i < count; ++i) {
        a.push_back(static_cast<T>(i) / 4 - 3);
        b.push_back(static_cast<T>(7 - i) / 2);
      }
      std::vector<T> y(static_cast<size_t>(count) + 1, 99);
      run(compiled, {a.data(), b.data()}, {y.data()});
      for (size_t i = 0; i < a.size(); ++i) {
        INFO(name << " length " << count << " element " << i);
        REQUIRE(y[i] == a[i] * b[i] + a[i] - b[i]);
      }
      REQUIRE(y.back() == 99);
    }
  }
}

TEST_CASE("tails of every length, f32") { check_every_length<float>(ElementType::f32); }
TEST_CASE("tails of every length, f64") { check_every_length<double>(ElementType::f64); }

}  // namespace
}  // namespace gradus
