// Loop text: the form of loop programs that a person reads and that parses back.
//
//   loops @mlp {target="x86-64-v3"} workspace 4096 (input %x: f32[64,784], result %y: f32[64,10]) {
//     function @scale (read %x: f32[64,10] strides [784,1], write %y: f32[64,10], scalars %n)
//     @dense_1("f.gradus":4:3) {
//       for %i in 0..%n parallel grain 4 {
//         local %sum: f32[16] = 0.0 @relu("f.gradus":5:3)
//         for %j in 0..10 vectorized {
//           let %s: f32 = %x[%i, %j] * 2.0
//           %y[%i, %j] = multiply_add(%s, %s, 1.0)
//         }
//       }
//     }
//     main (read %x: f32[64,784], write %y: f32[64,10]) {
//       workspace %t: f32[64,10] at 1024
//       constant %c: i32[3] = [1,2,3]
//       call @scale(%x[0, 0], %y[0, 0], scalars 64)
//       if %x[0, 0] < 0.0 { return }
//     }
//   }
//
// + - * / and comparisons are infix, every other scalar op is a function of its name; `cast(x, f64)` says its
// type. A bare literal has the type that its place expects (the buffer's that is stored to, i64 in indices,
// the other operand's); any other is written f64(2.0) or i32(7). Names are unique where they are visible: the
// printer appends .1, .2 … where they are not. Origins (ir/provenance.h) stand behind a statement, or before
// the body of a loop or branch, where they are others than those of what is around it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "ir/loop/program.h"

namespace gradus::loop {

// Lines of a program's text, from 1, by the address of the function or statement that begins there.
using Lines = std::unordered_map<const void*, uint32_t>;
enum class ShowOrigins : bool { no, yes };
std::string print(const Program& program, Lines* lines = nullptr, ShowOrigins show = ShowOrigins::yes);
// One function alone; `main` prints as such.
std::string print(const Function& function, bool is_main = false, ShowOrigins show = ShowOrigins::yes);
// An expression whose variables and buffers show as %v0 and %b0, arguments as argument(0, f32).
std::string print(const Expression& expression);

// Throws Error (kind program) with all errors of the text. Numbers of buffers and variables follow from their
// order in the text; printing the result gives the text again.
Program parse_program(std::string_view text, std::string file = "loop text");

std::string_view keyword(BufferRole role);
// The infix operator of a scalar op, empty if it has none.
std::string_view infix(ScalarOp op);
// How tightly it binds: 1 comparisons, 2 sums, 3 products; 0 if it is no infix operator.
int precedence(ScalarOp op);
// The type that a bare literal takes where `expected` is expected.
ElementType literal_type(bool has_point, std::optional<ElementType> expected);

}  // namespace gradus::loop
