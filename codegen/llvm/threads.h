#pragma once

#include <cstddef>
#include <functional>

namespace gradus::emit {

// Runs body(0) … body(count - 1), each once, on at most `threads` threads (0: one per hardware thread); they
// begin in this order. When some of them throw, the others still run, and what the first one threw is thrown.
void for_each_on_threads(size_t count, int threads, const std::function<void(size_t)>& body);

}  // namespace gradus::emit
