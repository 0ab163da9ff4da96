// A plain interpreter of loop programs: scalar, bounds-checked, IEEE arithmetic in the declared type, the
// host's libm for transcendental functions. What lowering is tested with, independent of LLVM.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "ir/loop/program.h"

namespace gradus::loop {

// A dense row-major array. Float types other than f32 and f64 are not supported.
struct Array {
  Type type;
  std::vector<std::byte> bytes;

  Array() = default;
  explicit Array(Type type);                                           // every byte 0xff: NaN or -1
  static Array of_numbers(Type type, std::span<const double> values);  // rounded to the type
  static Array of_integers(Type type, std::span<const int64_t> values);
  std::vector<double> numbers() const;  // of any type
  std::vector<int64_t> integers() const;
};

struct InterpretOptions {
  // Runs parallel and vectorized loops from their end: a program whose result differs depends on an order
  // that it must not depend on.
  bool backwards = false;
};

// Runs main on one array per argument of the program, in place. An index out of range, an unknown callee or a
// write to a read-only buffer is an internal error that names function and buffer.
void interpret(const Program& program, std::span<Array> arguments, InterpretOptions options = {});

}  // namespace gradus::loop
