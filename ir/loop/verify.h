// The verifier of loop programs.
//
// What holds for every program:
//   1. buffers and variables are used where they are in scope: parameters and workspace everywhere, a local
//   after
//      its `local`, a loop variable in its body, a let-bound value after its `let`, all to the end of the
//      block
//   2. an element has one i64 index per axis; a constant index is within the axis
//   3. types agree: operands of arithmetic with each other, a stored value with its buffer, a variable with
//   its
//      binding, conditions are bool, bounds of loops and scalar arguments i64
//   4. nothing stores to a `read` buffer or passes one to a callee that writes it
//   5. steps are positive; vectorized loops have constant bounds and step 1, unrolled ones constant bounds;
//      constant bounds lie within 2^48
//   6. a parallel loop is outermost in a function, not in `main`; no parallel loop calls what has one itself,
//   or in
//      what it calls, or what works in a workspace
//   7. in a parallel or vectorized loop, what is stored to a buffer from outside it depends on the loop
//   variable in
//      some index (else two iterations store to one element)
//   8. a call names a function listed earlier (in `main` any) and passes as many buffers and scalars, of the
//   same
//      element types, as it takes
//   9. workspace buffers lie within the workspace of their function, and so does, from a multiple of 64 bytes
//   on,
//      what a call gives to a function that works in one; only `main` has `return`
//  10. `main` has one buffer parameter per argument of the program, of the same type, that lies within it;
//  names
//      of functions are unique words
//  11. a vectorized loop has no other one in it, no call, and no loop whose bounds differ between lanes
//  12. a callee's view from a constant place on lies within the buffer
//  13. unrolling makes at most 2^17 statements of a function; locals fit onto the stack
// Indices that are no constants may still leave their buffers: code compiled with `check_bounds`
// (codegen/llvm/compile.h) asks when it runs.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/error.h"
#include "ir/loop/program.h"

namespace gradus::loop {

// Empty if all is well; each finding quotes the statement.
std::vector<Diagnostic> verify(const Program& program);

// Parses a text (ir/loop/text.h) and verifies it: throws Error (kind program) with all findings at their
// places.
Program load_program(std::string_view text, std::string file = "loop text");

// Throws an internal error that says where: "after lowering", a file.
void verify_or_fail(const Program& program, std::string_view where);

}  // namespace gradus::loop
