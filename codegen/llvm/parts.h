// Which functions of a program make one module. Modules are compiled apart, on any number of threads; how a
// program is cut depends on the program and the target alone, so that its objects do not show how many there
// were.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/loop/program.h"
#include "ir/target.h"

namespace gradus::emit {

// The functions [first, last) by position; `main` has the position behind the last one.
struct Part {
  size_t first = 0;
  size_t last = 0;
  int64_t weight = 0;  // about how many instructions are generated for it
  bool has(size_t position) const { return first <= position && position < last; }
};

// All of it.
Part whole(const loop::Program& program);
// In the order of the program. A small program is one part: starting a module would take longer than it
// saves.
std::vector<Part> cut(const loop::Program& program, const Target& target);

}  // namespace gradus::emit
