// Loop IR that the other tests do not reach: register arrays, gathers, calls, parallel loops, random bits.
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <numeric>

#include "codegen/llvm/compile.h"
#include "ir/random.h"
#include "tests/codegen/programs.h"

namespace gradus {
namespace {

using namespace testing;
using Writer = FunctionWriter;

const std::vector<std::string> targets = {"x86-64-v2", "x86-64-v3", "native"};

Expression binary(ScalarOp op, Expression a, Expression b) { return make(op, {std::move(a), std::move(b)}); }

// 64 partial sums in registers, folded by halves: the reduction that DESIGN fixes, for 1000 elements.
Program reduction_program(int64_t count) {
  Writer w("main");
  const int64_t x = w.buffer("x", BufferRole::read, ElementType::f32, {count});
  const int64_t y = w.buffer("y", BufferRole::write, ElementType::f32, {1});
  const int64_t sums = w.buffer("sums", BufferRole::local, ElementType::f32, {64});
  const int64_t block = w.variable("block");
  const int64_t i = w.variable("i");
  const auto at = [](int64_t variable) { return Writer::use(variable); };
  const auto add = [&](Expression index, Expression value) {
    return Writer::store(sums, {index}, w.load(sums, {index}) + std::move(value));
  };
  w.function.body.push_back({Declare{sums, constant(ElementType::f32, -0.0)}});
  w.function.body.push_back(
      Writer::loop(LoopKind::serial, block, 0, count / 64,
                   {Writer::loop(LoopKind::vectorized, i, 0, 64,
                                 {add(at(i), w.load(x, {at(block) * number(64) + at(i)}))})}));
  w.function.body.push_back(Writer::loop(LoopKind::vectorized, i, 0, count % 64,
                                         {add(at(i), w.load(x, {number(count / 64 * 64) + at(i)}))}));
  for (int64_t half = 32; half > 0; half /= 2) {
    w.function.body.push_back(
        Writer::loop(LoopKind::vectorized, i, 0, half, {add(at(i), w.load(sums, {at(i) + number(half)}))}));
  }
  w.function.body.push_back(Writer::store(y, {number(0)}, w.load(sums, {number(0)})));
  return program_of(std::move(w.function));
}

TEST_CASE("a reduction in registers keeps its order") {
  std::vector<float> x(1000);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i)) * 1e3F + 0.1F;
  for (const int64_t count : {1000, 960, 63, 5, 1}) {
    std::array<float, 64> sums;
    sums.fill(-0.0F);
    for (int64_t i = 0; i < count; ++i) sums[static_cast<size_t>(i % 64)] += x[static_cast<size_t>(i)];
    for (size_t half = 32; half > 0; half /= 2) {
      for (size_t i = 0; i < half; ++i) sums[i] += sums[i + half];
    }
    for (const std::string& target : targets) {
      const CompiledProgram compiled = compile(reduction_program(count), target_named(target), {1, true});
      float y = 0;
      run(compiled, {x.data()}, {&y});
      INFO(target << " count " << count);
      CHECK(y == sums[0]);
    }
  }
}

TEST_CASE("gathers, strides, reversal and computed rows") {
  Writer w("main");
  const int64_t x = w.buffer("x", BufferRole::read, ElementType::f64, {21, 3});
  const int64_t ids = w.buffer("ids", BufferRole::read, ElementType::i64, {21});
  const int64_t gathered = w.buffer("gathered", BufferRole::write, ElementType::f64, {21});
  const int64_t column = w.buffer("column", BufferRole::write, ElementType::f64, {21});
  const int64_t reversed = w.buffer("reversed", BufferRole::write, ElementType::i64, {21});
  const int64_t scattered = w.buffer("scattered", BufferRole::write, ElementType::f64, {21, 2});
  const int64_t i = w.variable("i");
  const int64_t row = w.variable("row");
  const Expression at = Writer::use(i);
  w.function.body.push_back(
      Writer::loop(LoopKind::vectorized, i, 0, 21,
                   {{Let{row, w.load(ids, {at})}},
                    Writer::store(gathered, {at}, w.load(x, {Writer::use(row), number(1)})),
                    Writer::store(column, {at}, w.load(x, {at, number(2)})),
                    Writer::store(reversed, {number(20) - at}, w.load(ids, {at})),
                    Writer::store(scattered, {at, number(1)}, w.load(x, {number(20) - at, number(0)}))}));
  const Program program = program_of(std::move(w.function));
  std::vector<double> data(63);
  std::iota(data.begin(), data.end(), 0.5);
  std::vector<int64_t> rows;
  for (int64_t k = 0; k < 21; ++k) rows.push_back(k * 8 % 21);
  for (const std::string& target : targets) {
    INFO(target);
    std::vector<double> a(21), b(21), d(42, -1);
    std::vector<int64_t> c(21);
    run(compile(program, target_named(target), {1, true}), {data.data(), rows.data()},
        {a.data(), b.data(), c.data(), d.data()});
    for (size_t k = 0; k < 21; ++k) {
      CHECK(a[k] == data[static_cast<size_t>(rows[k]) * 3 + 1]);
      CHECK(b[k] == data[k * 3 + 2]);
      CHECK(c[k] == rows[20 - k]);
      CHECK(d[k * 2] == -1);
      CHECK(d[k * 2 + 1] == data[(20 - k) * 3]);
    }
  }
}

TEST_CASE("booleans, casts and integer division") {
  const int64_t count = 37;
  const auto truth =
      elementwise({ElementType::f32, ElementType::boolean}, ElementType::boolean, count, [](auto& x) {
        return binary(ScalarOp::logical_xor, binary(ScalarOp::less, x[0], constant(ElementType::f32, 2)),
                      x[1]);
      });
  const auto saturated = elementwise({ElementType::f32}, ElementType::i32, count,
                                     [](auto& x) { return cast(ElementType::i32, x[0]); });
  const auto quotient =
      elementwise({ElementType::i32, ElementType::i32}, ElementType::i32, count, [](auto& x) {
        return binary(ScalarOp::divide, x[0], x[1]) * constant_integer(ElementType::i32, 1000) +
               binary(ScalarOp::remainder, x[0], x[1]);
      });
  std::vector<float> x;
  std::vector<uint8_t> mask;
  std::vector<int32_t> numbers;
  std::vector<int32_t> divisors;
  for (int32_t i = 0; i < count; ++i) {
    x.push_back(static_cast<float>(i) / 4);
    mask.push_back(i % 3 == 0);
    numbers.push_back(i * 3 - 50);
    divisors.push_back(i % 9 - 4);
  }
  x[1] = NAN;
  x[2] = 1e30F;
  x[3] = -1e30F;
  for (const std::string& name : targets) {
    INFO(name);
    const Target target = target_named(name);
    std::vector<uint8_t> answers(x.size());
    run(compile(truth, target, {1, true}), {x.data(), mask.data()}, {answers.data()});
    std::vector<int32_t> integers(x.size());
    run(compile(saturated, target, {1, true}), {x.data()}, {integers.data()});
    std::vector<int32_t> divided(x.size());
    run(compile(quotient, target, {1, true}), {numbers.data(), divisors.data()}, {divided.data()});
    CHECK(integers[1] == 0);
    CHECK(integers[2] == INT32_MAX);
    CHECK(integers[3] == INT32_MIN);
    for (size_t i = 0; i < x.size(); ++i) {
      CHECK(answers[i] == ((x[i] < 2) != (mask[i] != 0)));
      const double d = divisors[i];
      const auto floor = d == 0 ? 0 : static_cast<int32_t>(std::floor(numbers[i] / d));
      const int32_t rest = d == 0 ? 0 : numbers[i] - floor * divisors[i];
      CHECK(divided[i] == floor * 1000 + rest);
    }
  }
}

void in_three_parts(void*, int64_t count, int64_t, gradus_task body, void* closure) {
  for (int64_t part = 2; part >= 0; --part) body(closure, count * part / 3, count * (part + 1) / 3);
}

// main calls a function with a parallel loop over rows; each row calls another with views and scalars.
TEST_CASE("calls and parallel loops, in parts and in one") {
  Writer row("row");
  {
    const int64_t from = row.buffer("from", BufferRole::read, ElementType::f32, {20});
    const int64_t to = row.buffer("to", BufferRole::write, ElementType::f32, {20});
    const int64_t factor = row.variable("factor");
    row.function.scalar_parameters = 1;
    const int64_t i = row.variable("i");
    row.function.body.push_back(Writer::loop(
        LoopKind::vectorized, i, 0, 20,
        {Writer::store(to, {Writer::use(i)},
                       row.load(from, {Writer::use(i)}) * cast(ElementType::f32, Writer::use(factor)))}));
  }
  Writer rows("rows");
  {
    const int64_t from = rows.buffer("from", BufferRole::read, ElementType::f32, {15, 20});
    const int64_t to = rows.buffer("to", BufferRole::write, ElementType::f32, {15, 20});
    const int64_t offset = rows.variable("offset");
    rows.function.scalar_parameters = 1;
    const int64_t i = rows.variable("i");
    const Expression at = Writer::use(i);
    rows.function.body.push_back(Writer::loop(
        LoopKind::parallel, i, number(1), number(15),
        {{If{binary(ScalarOp::less, at, number(12)),
             {{Call{"row", {{from, {at, number(0)}}, {to, {at, number(0)}}}, {at + Writer::use(offset)}}}},
             {{Call{"row", {{from, {at, number(0)}}, {to, {at, number(0)}}}, {number(0)}}}}}}},
        2, 1));
  }
  Writer main("main");
  const int64_t from = main.buffer("from", BufferRole::read, ElementType::f32, {15, 20});
  const int64_t to = main.buffer("to", BufferRole::write, ElementType::f32, {15, 20});
  main.function.body.push_back(
      {Call{"rows", {{from, {number(0), number(0)}}, {to, {number(0), number(0)}}}, {number(100)}}});
  const Program program = program_of(main.function, {row.function, rows.function});
  std::vector<float> x(300);
  std::iota(x.begin(), x.end(), 1.0F);
  for (const gradus_parallel_for pool : {gradus_parallel_for{nullptr}, &in_three_parts}) {
    std::vector<float> y(300, -1);
    run(compile(program, host(), {1, true}), {x.data()}, {y.data()}, nullptr, pool);
    for (size_t i = 0; i < 300; ++i) {
      const size_t r = i / 20;
      const float expected = r % 2 == 0 ? -1 : r < 12 ? x[i] * static_cast<float>(r + 100) : 0;
      REQUIRE(y[i] == expected);
    }
  }
}

TEST_CASE("return leaves main at once") {
  Writer w("main");
  const int64_t x = w.buffer("x", BufferRole::read, ElementType::f32, {1});
  const int64_t y = w.buffer("y", BufferRole::write, ElementType::f32, {1});
  w.function.body.push_back(Writer::store(y, {number(0)}, constant(ElementType::f32, 1)));
  w.function.body.push_back(
      {If{binary(ScalarOp::less, w.load(x, {number(0)}), constant(ElementType::f32, 0)), {{Return{}}}, {}}});
  w.function.body.push_back(Writer::store(y, {number(0)}, constant(ElementType::f32, 2)));
  const CompiledProgram compiled = compile(program_of(std::move(w.function)), host(), {1, true});
  for (const float input : {-1.0F, 1.0F}) {
    float output = 0;
    run(compiled, {&input}, {&output});
    CHECK(output == (input < 0 ? 1 : 2));
  }
}

TEST_CASE("random bits are those of the definition") {
  const int64_t count = 300;
  Writer w("main");
  const int64_t seeds = w.buffer("seeds", BufferRole::read, ElementType::i64, {4});
  const int64_t y = w.buffer("y", BufferRole::write, ElementType::i32, {count});
  const int64_t i = w.variable("i");
  std::vector<Expression> operands;
  for (int64_t k = 0; k < 4; ++k) operands.push_back(w.load(seeds, {number(k)}));
  operands.push_back(Writer::use(i));
  w.function.body.push_back(
      Writer::loop(LoopKind::vectorized, i, 0, count,
                   {Writer::store(y, {Writer::use(i)}, make(ScalarOp::random_bits, operands))}));
  const Program program = program_of(std::move(w.function));
  const random::Draw draw{42, (int64_t{3} << 32) + 7, random::site("dropout", 1), 5};
  const std::vector<int64_t> given = {draw.seed, draw.step, draw.site, draw.scan_index};
  for (const std::string& target : targets) {
    INFO(target);
    std::vector<int32_t> found(count);
    run(compile(program, target_named(target), {1, true}), {given.data()}, {found.data()});
    for (int64_t k = 0; k < count; ++k) {
      REQUIRE(static_cast<uint32_t>(found[static_cast<size_t>(k)]) == random::bits(draw, k));
    }
  }
}

}  // namespace
}  // namespace gradus
