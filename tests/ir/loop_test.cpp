// Loop programs: text both ways, verifier, interpreter.
#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "ir/loop/interpret.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"

namespace gradus::loop {

namespace {

const char* const example =
    R"(loops @mlp {target="x86-64-v3"} workspace 4096 (input %x: f32[6,10], result %y: f32[6], status %status: i64[2]) {
  function @dot_1 (read %x: f32[2,10] strides [20,1], write %y: f32[2], scalars %n, %"the m") @dense_1("f.gradus":4:3) @rule(dot, of %4) {
    local %acc: f32[2] = 0.0
    for %i in 0..2 unrolled {
      for %k in 0..%n by 2 {
        let %s: f32 = %x[%i, %k]
        %acc[%i] = multiply_add(%s, 2.0, %acc[%i])
      }
      for %k in %n - 1..minimum(%n, 10) {
        prefetch %x[%i, %k]
        %acc[%i] = %acc[%i] + maximum(%x[%i, %k], -1.5) * (%acc[%i] - (1e-07 - 3.0))
      }
      %y[%i] = %acc[%i]
    }
  }
  function @many (read %x: f32[6,10], write %y: f32[6]) {
    for %i in 0..6 parallel grain 4 {
      let %a: f64 = cast(%x[%i, 0], f64) * 2.0
      let %b: bool = %a < 0.5
      let %c: i32 = random_bits(1, 2, 3, %i, 5)
      %y[%i] = select(%b, cast(-%a, f32), 0.1) + cast(shift_right_logical(%c, 8), f32)
    }
    local %lanes: f32[8]
    for %i in 0..8 vectorized {
      %lanes[%i] = exp(-(cast(%i, f32) / 8.0))
    }
  }
  main (read %x: f32[6,10], write %y: f32[6], write %status: i64[2]) {
    workspace %t: f32[6] at 64
    call @many(%x[0, 0], %t[0])
    %status[0] = -1
    if is_finite(%t[0]) {
      call @dot_1(%x[0, 0], %y[0], scalars 10, 3 * 7)
    } else {
      return
    }
  }
}
)";

// What stands in main, or in the one function @f, of a small program.
std::string in_main(const std::string& body) {
  return "loops @p workspace 64 (input %x: f32[4], result %y: f32[4]) {\n  main (read %x: f32[4], write %y: "
         "f32[4]) {\n" +
         body + "  }\n}\n";
}

std::string in_function(const std::string& body) {
  return "loops @p workspace 64 (input %x: f32[4], result %y: f32[4]) {\n"
         "  function @f (read %x: f32[4], write %y: f32[4], scalars %n) {\n" +
         body +
         "  }\n  main (read %x: f32[4], write %y: f32[4]) {\n    call @f(%x[0], %y[0], scalars 4)\n  }\n}\n";
}

std::vector<double> run(const std::string& text, std::vector<double> x, InterpretOptions options = {}) {
  INFO(text);
  const Program program = parse_program(text);
  for (const Diagnostic& diagnostic : verify(program)) FAIL_CHECK(diagnostic.message);
  std::vector<Array> arrays;
  for (const Argument& argument : program.arguments) arrays.emplace_back(argument.type);
  arrays[0] = Array::of_numbers(program.arguments[0].type, x);
  interpret(program, arrays, options);
  return arrays[1].numbers();
}

std::vector<Diagnostic> errors_of(const std::string& text) {
  try {
    parse_program(text, "t.loops");
  } catch (const Error& error) {
    return error.diagnostics();
  }
  return {};
}

}  // namespace

TEST_CASE("loop text prints as it was written") {
  const Program program = parse_program(example);
  CHECK(print(program) == example);
  for (const Diagnostic& diagnostic : verify(program)) FAIL_CHECK(diagnostic.message);
  CHECK(program.functions[0].origins.size() == 2);
  CHECK(program.main.buffers[3].offset == 64);
}

TEST_CASE("literals keep type and bits") {
  Program program;
  program.name = "literals";
  Function& main = program.main;
  const auto add = [&](const Expression& value) {
    main.variables.push_back("");
    main.body.push_back({Let{static_cast<int64_t>(main.variables.size()) - 1, value}});
  };
  const double infinity = std::numeric_limits<double>::infinity();
  for (ElementType type : {ElementType::f32, ElementType::f64})
    for (double value : {0.0, -0.0, 0.1, 1.0, 1e30, 1.17549435e-38, 1e-45, infinity, -infinity, std::nan("")})
      add(make(ScalarOp::add, {constant(type, value), constant(ElementType::f64, value)}));
  for (ElementType type :
       {ElementType::i64, ElementType::i32, ElementType::i8, ElementType::u8, ElementType::boolean})
    for (int64_t value : {int64_t{0}, int64_t{1}, int64_t{-1}, std::numeric_limits<int64_t>::min()})
      add(make(ScalarOp::select, {constant_integer(ElementType::boolean, 1), constant_integer(type, value),
                                  constant_integer(ElementType::i64, value)}));
  add(make(ScalarOp::negate, {make(ScalarOp::negate, {constant(ElementType::f32, 2)})}));
  add(make(ScalarOp::less,
           {make(ScalarOp::subtract, {constant(ElementType::f64, 1), constant(ElementType::f64, 2)}),
            constant(ElementType::f64, 1)}));
  const std::string text = print(program);
  INFO(text);
  const Program again = parse_program(text);
  CHECK(print(again) == text);
  for (size_t i = 0; i < main.body.size(); ++i) {
    const Expression a = std::get<Let>(main.body[i].value).value,
                     b = std::get<Let>(again.main.body[i].value).value;
    INFO(print(a));
    CHECK(print(a) == print(b));
    REQUIRE(a->operands.size() == b->operands.size());
    for (size_t k = 0; k < a->operands.size(); ++k) {
      CHECK(a->operands[k]->type == b->operands[k]->type);
      CHECK(a->operands[k]->integer == b->operands[k]->integer);
      CHECK(std::signbit(a->operands[k]->number) == std::signbit(b->operands[k]->number));
      if (!std::isnan(a->operands[k]->number)) CHECK(a->operands[k]->number == b->operands[k]->number);
    }
  }
}

TEST_CASE("names that meet are told apart, names in different scopes are not") {
  Program program;
  program.name = "names";
  Function& main = program.main;
  main.variables = {"i", "i", "i", "acc"};
  main.buffers = {{"acc", BufferRole::local, ElementType::f32, {2}, {1}, 0},
                  {"acc", BufferRole::local, ElementType::f32, {2}, {1}, 0}};
  const auto variable = [](int64_t id) {
    ExpressionNode node;
    node.op = ScalarOp::index;
    node.type = ElementType::i64;
    node.integer = id;
    return std::make_shared<const ExpressionNode>(std::move(node));
  };
  const auto loop = [&](int64_t id, Block body) {
    return Statement{For{id, constant_integer(ElementType::i64, 0), constant_integer(ElementType::i64, 2), 1,
                         LoopKind::serial, 1, std::move(body)}};
  };
  const auto store = [&](int64_t buffer, int64_t index) {
    return Statement{Store{buffer, {variable(index)}, constant(ElementType::f32, 1)}};
  };
  main.body = {{Declare{0, nullptr}},
               {Declare{1, nullptr}},
               loop(0, {loop(1, {store(0, 0), store(1, 1)})}),
               loop(2, {store(1, 2)})};
  CHECK(print(main, true) == R"(main () {
  local %acc: f32[2]
  local %acc.1: f32[2]
  for %i in 0..2 {
    for %i.1 in 0..2 {
      %acc[%i] = 1.0
      %acc.1[%i.1] = 1.0
    }
  }
  for %i in 0..2 {
    %acc.1[%i] = 1.0
  }
}
)");
  CHECK(print(parse_program(print(program))) == print(program));
  CHECK(verify(program).empty());
}

TEST_CASE("the interpreter computes what the text says") {
  CHECK(run(in_main("    for %i in 0..4 {\n      %y[%i] = %x[3 - %i] * 2.0 + 1.0\n    }\n"), {1, 2, 3, 4}) ==
        std::vector<double>{9, 7, 5, 3});
  // Locals, calls with views and scalars, strides.
  CHECK(run(R"(loops @p workspace 64 (input %x: f32[2,3], result %y: f32[2]) {
  function @row (read %x: f32[3] strides [1], write %y: f32[1], scalars %n) {
    local %sum: f32[1] = 0.0
    for %k in 0..%n {
      %sum[0] = %sum[0] + %x[%k]
    }
    %y[0] = %sum[0]
  }
  main (read %x: f32[2,3], write %y: f32[2]) {
    workspace %t: f32[2] at 8
    for %i in 0..2 {
      call @row(%x[%i, 0], %t[%i], scalars 3)
      %y[%i] = %t[%i]
    }
  }
}
)",
            {1, 2, 3, 4, 5, 6}) == std::vector<double>{6, 15});
  // Float arithmetic is that of the type; a fused multiply-add rounds once.
  const float tenth = 0.1f;
  CHECK(run(in_main("    %y[0] = %x[0] * %x[0]\n    %y[1] = multiply_add(%x[0], %x[0], -(%x[0] * %x[0]))\n"
                    "    %y[2] = cast(cast(%x[0], f64) * f64(0.1), f32)\n    %y[3] = %x[0] / 3.0\n"),
            {0.1}) == std::vector<double>{tenth * tenth, std::fma(tenth, tenth, -(tenth * tenth)),
                                          static_cast<float>(static_cast<double>(tenth) * 0.1),
                                          tenth / 3.0f});
  // Integers: floor division, remainder with the divisor's sign, wrapping, shifts.
  CHECK(
      run(in_main(
              "    let %a: i64 = -7\n    %y[0] = cast(%a / 2, f32)\n    %y[1] = cast(remainder(%a, 2), f32)\n"
              "    %y[2] = cast(i32(2147483647) + 1, f32)\n    %y[3] = cast(shift_right_logical(i32(-1), "
              "31), f32)\n"),
          {0}) == std::vector<double>{-4, 1, -2147483648.0, 1});
  CHECK(run(in_main("    %y[0] = 1.0\n    if %x[0] < 0.0 {\n      return\n    }\n    %y[0] = 2.0\n"),
            {-1})[0] == 1);
}

TEST_CASE("listed values are part of the program") {
  const std::string text = in_main(
      "    constant %c: f32[4] = [0.5,-0.0,inf,-2.0]\n"
      "    constant %p: i32[4] = [3,0,1,2]\n"
      "    for %i in 0..4 vectorized {\n"
      "      %y[%i] = %x[cast(%p[%i], i64)] + %c[%i]\n"
      "    }\n");
  CHECK(print(parse_program(text)) == text);
  CHECK(run(text, {1, 2, 3, 4}) == std::vector<double>{4.5, 1, INFINITY, 1});
  CHECK(!errors_of(in_main("    constant %c: i32[1] = [1.5]\n")).empty());
  CHECK(!errors_of(in_main("    constant %c: f32[1] = 1.5\n")).empty());
}

TEST_CASE("the interpreter stops at what must not happen") {
  const auto fails = [](const std::string& body, const std::string& message) {
    const Program program = parse_program(in_main(body));
    std::vector<Array> arrays = {Array(Type(ElementType::f32, {4})), Array(Type(ElementType::f32, {4}))};
    CHECK_THROWS_WITH(interpret(program, arrays), Catch::Contains(message));
  };
  fails("    for %i in 0..5 {\n      %y[%i] = 1.0\n    }\n", "element [4] is used");
  fails("    %y[0] = %x[0 - 1]\n", "element [-1] is used");
  fails("    %x[0] = 1.0\n", "is only read");
  fails("    call @f(%x[0])\n", "there is no function @f");
}

TEST_CASE("running backwards shows a hidden order") {
  const std::string text =
      in_function("    for %i in 0..4 parallel {\n      %y[%i] = %y[maximum(%i - 1, 0)] + 1.0\n    }\n");
  const auto forwards = run(text, {0, 0, 0, 0}), backwards = run(text, {0, 0, 0, 0}, {.backwards = true});
  CHECK(std::isnan(forwards[0]));
  const std::string ordered = in_function(
      "    for %i in 0..4 parallel {\n      %y[%i] = select(%i == 0, 1.0, %y[maximum(%i - 1, 0)] + 1.0)\n    "
      "}\n");
  CHECK(run(ordered, {}) == std::vector<double>{1, 2, 3, 4});
  CHECK(std::isnan(run(ordered, {}, {.backwards = true})[3]));
}

TEST_CASE("a loop of one iteration may store where it likes") {
  CHECK(verify(parse_program(in_function("    for %i in 0..1 vectorized {\n      %y[0] = 1.0\n    }\n")))
            .empty());
}

TEST_CASE("the verifier finds what is wrong") {
  struct Case {
    std::string text;
    const char* message;
  };
  const Case cases[] = {
      {in_main("    %y[4] = 1.0\n"), "index 4 is outside axis 0 of %y[4]"},
      {in_main("    %y[0, 0] = 1.0\n"), "has 1 axes, but is used with 2 indices"},
      {in_main("    %x[0] = 1.0\n"), "only read"},
      {in_main("    for %i in 0..4 parallel {\n      %y[%i] = 1.0\n    }\n"), "a parallel loop in main"},
      {in_function(
           "    for %j in 0..2 {\n      for %i in 0..4 parallel {\n        %y[%i] = 1.0\n      }\n    }\n"),
       "inside another loop"},
      {in_function("    for %i in 0..%n vectorized {\n      %y[%i] = 1.0\n    }\n"), "constant bounds"},
      {in_function("    for %i in 0..%n unrolled {\n      %y[%i] = 1.0\n    }\n"), "constant bounds"},
      {in_function("    for %i in 0..4 by 0 {\n      %y[%i] = 1.0\n    }\n"), "not positive"},
      {in_function("    for %i in 0..4 parallel {\n      %y[0] = 1.0\n    }\n"), "store to the same element"},
      {in_function("    for %i in 0..4 vectorized {\n      let %k: i64 = 2\n      %y[%k] = 1.0\n    }\n"),
       "store to the same element"},
      {in_function("    return\n"), "a return outside main"},
      {in_function("    call @f(%x[0], %y[0], scalars 1)\n"), "comes before its callers"},
      {in_main("    call @g(%x[0])\n"), "no such function"},
      {in_main("    workspace %t: f32[32] at 0\n"), "not within the 64 bytes"},
      {in_main("    workspace %t: f32[2] at 2\n"), "no multiple of its elements' 4 bytes"},
      {in_main("    constant %c: f32[3] = [1.0,2.0]\n"), "2 values for [3]"},
      {in_main("    constant %c: f32[2] = [1.0,2.0]\n    %c[0] = 1.0\n"), "a buffer that is only read"},
      {in_function("    return\n"), "outside main"},
      {in_main("    let %a: f32 = %x[0] + f64(1.0)\n"), "operands of add are f32 and f64"},
      {in_main("    let %a: i64 = exp(2)\n"), "exp of i64"},
      {in_main("    let %a: bool = %x[0] > %x[1]\n    let %b: bool = %a + %a\n"), "add of bool"},
      {in_main("    let %a: bool = %x[0] > %x[1]\n    let %b: bool = -%a\n"), "negate of bool"},
      {in_main("    let %i: i64 = 1\n    for %i in 0..2 {\n      %y[%i] = 1.0\n    }\n"), "bound already"},
      {"loops @p workspace 0 (input %x: f32[4]) {\n  main (read %x: f32[5]) {\n  }\n}\n",
       "argument %x is f32[4]"},
      {"loops @p workspace 0 (input %x: f32[4]) {\n  main () {\n  }\n}\n", "main takes 0 buffers"},
      {"loops @p workspace 0 (input %x: f32[4]) {\n  function @f (write %x: f64[4]) {\n  }\n  main (read %x: "
       "f32[4]) "
       "{\n    call @f(%x[0])\n  }\n}\n",
       "of f32 as %x of f64"},
      {"loops @p workspace 0 (input %x: f32[4]) {\n  function @f (write %x: f32[4], scalars %n) {\n  }\n  "
       "main (read %x: "
       "f32[4]) {\n    call @f(%x[0])\n  }\n}\n",
       "passes 0 scalars"},
  };
  for (const Case& c : cases) {
    INFO(c.text);
    const std::vector<Diagnostic> found = verify(parse_program(c.text));
    REQUIRE(!found.empty());
    std::string all;
    for (const Diagnostic& diagnostic : found) all += diagnostic.message + "\n";
    CHECK_THAT(all, Catch::Contains(c.message));
    CHECK_THROWS_AS(verify_or_fail(parse_program(c.text), "a test"), Error);
  }
}

TEST_CASE("malformed loop texts are answered with their place") {
  struct Case {
    const char* body;
    uint32_t line, column;
    const char* message;
  };
  const Case cases[] = {
      {"    %y[0] = 1\n", 3, 13, "the value is i64, expected f32"},
      {"    %y[0.5] = 1.0\n", 3, 8, "the value is f32, expected i64"},
      {"    %z[0] = 1.0\n", 3, 5, "there is no buffer '%z'"},
      {"    %y[%i] = 1.0\n", 3, 8, "there is no variable '%i'"},
      {"    %y[0] = %x\n", 3, 13, "'%x' is a buffer"},
      {"    %y[0] = exq(%x[0])\n", 3, 13, "there is no function 'exq'"},
      {"    %y[0] = power(%x[0])\n", 3, 24, "takes 2 operands"},
      {"    %y[0] = f64(%x[0])\n", 3, 17, "expected a literal"},
      {"    %y[0] = 1.0 +\n", 4, 3, "expected a value"},
      {"    if 1.0 < 2.0 < 3.0 {\n    }\n", 3, 18, "expected '{'"},
      {"    for %i in 0 {\n    }\n", 3, 17, "expected '..'"},
      {"    for %y in 0..4 {\n    }\n", 3, 9, "the name '%y' is taken"},
      {"    let %a = 1.0\n", 3, 12, "':' and an element type"},
      {"    local %a: f32[2] strides [1,1]\n", 3, 15, "2 strides for 1 axes"},
      {"    jump\n", 3, 5, "expected a statement"},
      {"    if 1 {\n    }\n", 3, 8, "the value is i64, expected bool"},
      {"    call f(%x[0])\n", 3, 10, "the function's name"},
  };
  for (const Case& c : cases) {
    INFO(c.body);
    const auto errors = errors_of(in_main(c.body));
    REQUIRE(!errors.empty());
    CHECK_THAT(errors[0].message, Catch::Contains(c.message));
    CHECK(errors[0].span.line == c.line);
    CHECK(errors[0].span.column == c.column);
  }
  CHECK(!errors_of("").empty());
  CHECK(!errors_of(in_main("") + "x").empty());
  CHECK(errors_of(in_main("    %y[0] = 1\n    %z[0] = 1.0\n    for %i in 0 {\n    }\n")).size() == 3);
  CHECK(!errors_of(in_main("    %y[0] = " + std::string(100000, '('))).empty());
  CHECK(!errors_of(in_main("    %y[0] = " + std::string(100000, '-') + "%x[0]\n")).empty());
  std::string blocks;
  for (int i = 0; i < 10000; ++i) blocks += "if true { ";
  CHECK(!errors_of(in_main(blocks)).empty());
}

TEST_CASE("damaged loop texts never crash") {
  const std::string text = example;
  for (size_t cut = 0; cut + 1 < text.size(); ++cut) CHECK(!errors_of(text.substr(0, cut)).empty());
  for (size_t i = 0; i < text.size(); ++i)
    for (char c : {'%', '(', '}', '[', '=', '0', '"', '-', ' ', '.'}) {
      std::string damaged = text;
      damaged[i] = c;
      errors_of(damaged);
    }
}

}  // namespace gradus::loop
