#include "runtime/tensor.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "runtime/arena.h"
#include "runtime/executable.h"

using namespace gradus;

TEST_CASE("tensors are aligned, zeroed, deep copies") {
  for (int64_t extent : {0, 1, 3, 63, 64, 65}) {
    Tensor tensor(Type(ElementType::f32, {extent}));
    CHECK(reinterpret_cast<uintptr_t>(tensor.data()) % 64 == 0);
    CHECK(tensor.bytes() == 4 * extent);
    for (float value : tensor.values<float>()) CHECK(value == 0);
  }
  Tensor a(Shape{2, 2}, std::vector<float>{1, 2, 3, 4});
  Tensor b = a;
  b.values<float>()[0] = 9;
  CHECK(a.number(0) == 1);
  CHECK_FALSE(same_bits(a, b));
  CHECK(same_bits(a, Tensor(Shape{2, 2}, std::vector<float>{1, 2, 3, 4})));
  CHECK(row_count(std::move(a).reshaped({4, 1})) == 4);
  CHECK_THROWS_AS(b.values<double>(), Error);
  CHECK_THROWS_AS(Tensor(Type(ElementType::f64, {int64_t{1} << 40, int64_t{1} << 40})), Error);
  CHECK_THROWS_AS(Tensor(Type(ElementType::f64, {-1})), Error);
}

TEST_CASE("rows") {
  const Tensor source(Shape{3, 2}, std::vector<int32_t>{1, 2, 3, 4, 5, 6});
  Tensor target(Type(ElementType::i32, {2, 2}));
  gather_rows(source, std::vector<int64_t>{2, 0}, target);
  CHECK(same_bits(target, Tensor(Shape{2, 2}, std::vector<int32_t>{5, 6, 1, 2})));
  CHECK_THROWS_AS(gather_rows(source, std::vector<int64_t>{3, 0}, target), Error);
  CHECK_THROWS_AS(gather_rows(source, std::vector<int64_t>{0}, target), Error);
}

TEST_CASE("conversions are exact or an error") {
  const Tensor doubles(Shape{3}, std::vector<double>{0, 1, 255});
  CHECK(
      same_bits(converted(doubles, ElementType::u8, "x"), Tensor(Shape{3}, std::vector<uint8_t>{0, 1, 255})));
  CHECK(
      same_bits(converted(doubles, ElementType::f32, "x"), Tensor(Shape{3}, std::vector<float>{0, 1, 255})));
  CHECK_THROWS_WITH(converted(doubles, ElementType::i8, "column 'label'"),
                    Catch::Contains("column 'label': element 2 is 255, which i8 cannot hold"));
  CHECK_THROWS_AS(converted(doubles, ElementType::boolean, "x"), Error);
  auto one = [](double value) { return Tensor(Shape{1}, std::vector<double>{value}); };
  CHECK_THROWS_AS(converted(one(0.5), ElementType::i64, "x"), Error);
  CHECK_THROWS_AS(converted(one(9223372036854775808.0), ElementType::i64, "x"), Error);
  CHECK_THROWS_AS(converted(one(std::numeric_limits<double>::quiet_NaN()), ElementType::i32, "x"), Error);
  CHECK(converted(one(-9223372036854775808.0), ElementType::i64, "x").values<int64_t>()[0] ==
        std::numeric_limits<int64_t>::min());
  CHECK_THROWS_AS(converted(one(1), ElementType::bf16, "x"), Error);
  CHECK_THROWS_WITH(converted(one(-1e39), ElementType::f32, "x"),
                    Catch::Contains("-1e+39, which f32 cannot hold"));
  CHECK(converted(one(3.4028235e38), ElementType::f32, "x").number(0) == std::numeric_limits<float>::max());
  // These were so before.
  CHECK(std::isinf(converted(one(INFINITY), ElementType::f32, "x").number(0)));
  CHECK(std::isnan(converted(one(NAN), ElementType::f32, "x").number(0)));
}

namespace {

// y = x + w, w += 1, by the calling convention; needs 64 bytes of workspace.
void add_step(gradus_call* call) {
  static_cast<float*>(call->workspace)[15] = 1;
  const auto* x = static_cast<const float*>(call->inputs[0]);
  auto* w = static_cast<float*>(call->parameters[0]);
  *static_cast<float*>(call->results[0]) = *x + *w;
  if (*x < 0) {
    call->status = {7, 0};
    return;
  }
  *w += 1;
}

}  // namespace

TEST_CASE("an executable runs by its description") {
  ExecutableDescription description;
  description.name = "add";
  description.inputs = {{"x", ArgumentKind::input, Type(ElementType::f32)}};
  description.parameters = {{"w", ArgumentKind::parameter, Type(ElementType::f32)}};
  description.results = {{"y", ArgumentKind::result, Type(ElementType::f32)}};
  description.workspace_bytes = 64;
  auto code = std::make_shared<int>(1);
  auto arena = std::make_shared<Arena>();
  {
    Executable add(&add_step, description, code, nullptr, arena);
    CHECK(code.use_count() == 2);
    CHECK(add.result_index("y") == 0);
    CHECK(add.input_index("y") == -1);
    std::vector<Tensor> inputs{Tensor::scalar(2.0f)}, parameters{Tensor::scalar(10.0f)},
        results = add.make_results();
    gradus_status status = add.run(inputs, parameters, results);
    CHECK(status.check == -1);
    CHECK(results[0].number(0) == 12);
    CHECK(parameters[0].number(0) == 11);
    inputs[0] = Tensor::scalar(-2.0f);
    status = add.run(inputs, parameters, results);
    CHECK(status.check == 7);
    CHECK(parameters[0].number(0) == 11);
    inputs[0] = Tensor::scalar(-2.0);
    CHECK_THROWS_WITH(add.run(inputs, parameters, results), Catch::Contains("x is f64[] instead of f32[]"));
    CHECK(arena->size() == 64);
  }
  CHECK(code.use_count() == 1);
}
