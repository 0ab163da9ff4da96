#include "codegen/llvm/threads.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

namespace gradus::emit {

void for_each_on_threads(size_t count, int threads, const std::function<void(size_t)>& body) {
  if (threads <= 0) threads = static_cast<int>(std::max(std::thread::hardware_concurrency(), 1U));
  std::atomic<size_t> next = 0;
  std::vector<std::exception_ptr> thrown(count);
  const auto work = [&] {
    for (size_t i = next++; i < count; i = next++) try {
        body(i);
      } catch (...) {
        thrown[i] = std::current_exception();
      }
  };
  {
    std::vector<std::jthread> others;
    for (size_t i = 1; i < std::min(count, static_cast<size_t>(threads)); ++i) try {
        others.emplace_back(work);
      } catch (const std::system_error&) {
        break;  // a limit of the machine; fewer threads give the same result
      }
    work();
  }
  for (const std::exception_ptr& error : thrown)
    if (error) std::rethrow_exception(error);
}

}  // namespace gradus::emit
