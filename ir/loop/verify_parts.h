// The two parts of the verifier of loop programs: verify_program.cpp the whole, verify.cpp each function.
#pragma once

#include <vector>

#include "ir/error.h"
#include "ir/loop/program.h"

namespace gradus::loop {

// Constant bounds, steps and grains beyond it would overflow where they are multiplied; no buffer is as long.
constexpr int64_t most_bound = int64_t{1} << 48;
// Bytes of stack that main may take, with all that it calls: half of what threads usually have.
constexpr int64_t most_stack = int64_t{4} << 20;
// Statements of a function, each counted as often as unrolling repeats it.
constexpr int64_t most_copies = int64_t{1} << 17;

inline SourceSpan span_of(const TextSpan& span) { return {{}, span.line, span.column, span.end_column}; }

void verify_program(const Program& program, std::vector<Diagnostic>& found);

}  // namespace gradus::loop
