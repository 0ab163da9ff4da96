#include "runtime/parallel.h"

#include <algorithm>

namespace gradus {

namespace {

// A ticket packs the number of the loop (32 bits), its number of parts (16) and the next part to claim (16).
// A part is claimed by a compare-and-swap on all three at once, so a worker that is late for one loop can
// never claim a part of the next one by mistake. While a claimed part is not done the loop's description
// cannot change.
constexpr uint32_t most_parts = 0xffff;

constexpr uint64_t make_ticket(uint32_t generation, uint32_t parts) {
  return (uint64_t{generation} << 32) | (uint64_t{parts} << 16);
}
constexpr uint32_t generation_of(uint64_t ticket) { return static_cast<uint32_t>(ticket >> 32); }
constexpr uint32_t parts_of(uint64_t ticket) { return static_cast<uint32_t>(ticket >> 16) & most_parts; }
constexpr uint32_t next_of(uint64_t ticket) { return static_cast<uint32_t>(ticket) & most_parts; }

// More parts than threads, so that a thread that the machine has taken away does not hold up all the others.
constexpr int64_t parts_per_thread = 4;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

int resolve(int threads) {
  if (threads <= 0) threads = static_cast<int>(std::thread::hardware_concurrency());
  return std::clamp(threads, 1, 1024);
}

}  // namespace

ThreadPool::ThreadPool(int threads) {
  threads = resolve(threads);
  // Spinning helps only where every thread has a processor of its own: then about 100 microseconds.
  const bool own_processor = threads <= static_cast<int>(std::thread::hardware_concurrency());
  spins_ = own_processor ? 4000 : 0;
  workers_.reserve(static_cast<size_t>(threads - 1));
  for (int i = 1; i < threads; ++i) {
    try {
      workers_.emplace_back([this] { work(); });
    } catch (const std::system_error&) {
      break;  // a limit of the machine; fewer threads give the same bits
    }
  }
}

ThreadPool::~ThreadPool() {
  {
    const std::lock_guard lock(mutex_);
    stop_.store(true);
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
}

void ThreadPool::parallel_for(int64_t count, int64_t grain, gradus_task body, void* closure) noexcept {
  if (count <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int64_t worth = count / grain;
  if (worth <= 1 || workers_.empty() || busy_.exchange(true, std::memory_order_acquire)) {
    body(closure, 0, count);
    return;
  }
  const int64_t parts = std::min<int64_t>({worth, threads() * parts_per_thread, most_parts});
  job_ = Job{body, closure, count, parts};
  done_.store(0, std::memory_order_relaxed);
  publish(static_cast<uint32_t>(parts));
  run_parts();
  for (int spin = 0; done_.load(std::memory_order_acquire) != parts; ++spin) {
    if (spin < spins_)
      pause();
    else
      std::this_thread::yield();
  }
  busy_.store(false, std::memory_order_release);
}

void ThreadPool::publish(uint32_t parts) noexcept {
  // Sequentially consistent, like the sleepers' own entry: either we see the sleeper, or it sees this ticket.
  ticket_.store(make_ticket(generation_of(ticket_.load(std::memory_order_relaxed)) + 1, parts));
  if (sleepers_.load() == 0) return;
  {
    const std::lock_guard lock(mutex_);
  }
  wake_.notify_all();
}

void ThreadPool::run_parts() noexcept {
  uint64_t ticket = ticket_.load(std::memory_order_acquire);
  while (next_of(ticket) < parts_of(ticket)) {
    if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel,
                                       std::memory_order_acquire))
      continue;
    const int64_t part = next_of(ticket);
    // The same borders as count * part / parts, without its overflow.
    const int64_t whole = job_.count / job_.parts, rest = job_.count % job_.parts;
    const int64_t begin = part * whole + std::min(part, rest);
    const int64_t end = begin + whole + (part < rest ? 1 : 0);
    job_.body(job_.closure, begin, end);
    done_.fetch_add(1, std::memory_order_release);
    ticket = ticket_.load(std::memory_order_acquire);
  }
}

bool ThreadPool::sleep_until_next(uint32_t generation) noexcept {
  for (int spin = 0; spin < spins_; ++spin) {
    if (generation_of(ticket_.load(std::memory_order_acquire)) != generation) return true;
    if (stop_.load(std::memory_order_relaxed)) return false;
    pause();
  }
  std::unique_lock lock(mutex_);
  sleepers_.fetch_add(1);
  wake_.wait(lock, [&] { return stop_.load() || generation_of(ticket_.load()) != generation; });
  sleepers_.fetch_sub(1);
  return !stop_.load();
}

void ThreadPool::work() noexcept {
  uint32_t seen = 0;
  while (sleep_until_next(seen)) {
    seen = generation_of(ticket_.load(std::memory_order_acquire));
    run_parts();
  }
}

}  // namespace gradus
