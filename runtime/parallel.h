// A fixed team of threads for loops inside compiled steps.
//
// A step has dozens of loops of a few microseconds, so handing one out must cost well under a microsecond:
// workers spin for a short while after a loop and go to sleep only then; parts are claimed with one
// compare-and-swap. The borders of the parts depend on count, grain and the number of threads only; which
// thread takes which part is left to chance. Tasks may not throw.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <type_traits>
#include <vector>

#include "runtime/abi.h"

namespace gradus {

class ThreadPool {
 public:
  // The calling thread counts; 0 means one per hardware thread, 1 runs everything inline.
  explicit ThreadPool(int threads = 0);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int threads() const { return static_cast<int>(workers_.size()) + 1; }

  // Runs body(closure, begin, end) over a partition of [0, count) and returns when all is done. A call from
  // inside a task, or while another thread's loop is running, runs inline.
  void parallel_for(int64_t count, int64_t grain, gradus_task body, void* closure) noexcept;

  // The same for C++: body(begin, end).
  template <class Body>
  void parallel_for(int64_t count, int64_t grain, Body&& body) noexcept {
    using Stored = std::remove_reference_t<Body>;
    const gradus_task task = [](void* closure, int64_t begin, int64_t end) noexcept {
      (*static_cast<Stored*>(closure))(begin, end);
    };
    parallel_for(count, grain, task, &body);
  }

  // What compiled code calls, with this pool as its first argument.
  static void callback(void* pool, int64_t count, int64_t grain, gradus_task body, void* closure) noexcept {
    static_cast<ThreadPool*>(pool)->parallel_for(count, grain, body, closure);
  }

 private:
  struct Job {
    gradus_task body = nullptr;
    void* closure = nullptr;
    int64_t count = 0;
    int64_t parts = 0;
  };

  void work() noexcept;
  void run_parts() noexcept;
  bool sleep_until_next(uint32_t generation) noexcept;  // false: the pool is being destroyed
  void publish(uint32_t parts) noexcept;

  int spins_ = 0;
  Job job_;
  alignas(64) std::atomic<uint64_t> ticket_{0};  // generation, parts, next part: see parallel.cpp
  alignas(64) std::atomic<int64_t> done_{0};
  alignas(64) std::atomic<int> sleepers_{0};
  std::atomic<bool> busy_{false};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

}  // namespace gradus
