#include "runtime/parallel.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <set>

using namespace gradus;

namespace {

// Runs a loop and counts how often each index was visited.
std::vector<int> visits(ThreadPool& pool, int64_t count, int64_t grain) {
  std::vector<int> seen(static_cast<size_t>(count), 0);
  pool.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
  });
  return seen;
}

std::set<std::pair<int64_t, int64_t>> borders(ThreadPool& pool, int64_t count, int64_t grain) {
  std::mutex mutex;
  std::set<std::pair<int64_t, int64_t>> result;
  pool.parallel_for(count, grain, [&](int64_t begin, int64_t end) {
    const std::lock_guard lock(mutex);
    result.insert({begin, end});
  });
  return result;
}

}  // namespace

TEST_CASE("every index of a parallel loop is visited once") {
  for (int threads = 1; threads <= 4; ++threads) {
    ThreadPool pool(threads);
    CHECK(pool.threads() == threads);
    for (int64_t count : {0, 1, 2, 3, 7, 64, 1000})
      for (int64_t grain : {-1, 0, 1, 5, 64, 5000})
        CHECK(visits(pool, count, grain) == std::vector<int>(static_cast<size_t>(count), 1));
  }
}

TEST_CASE("many short loops in a row, hot and after a rest") {
  for (int threads = 1; threads <= 4; ++threads) {
    ThreadPool pool(threads);
    std::atomic<int64_t> sum{0};
    int64_t expected = 0;
    for (int round = 0; round < 20000; ++round) {
      const int64_t count = round % 37;
      pool.parallel_for(count, 1, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) sum.fetch_add(i, std::memory_order_relaxed);
      });
      expected += count * (count - 1) / 2;
      if (sum.load() != expected) FAIL("a loop returned before it was done, round " << round);
      if (round % 5000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    CHECK(sum.load() == expected);
  }
}

TEST_CASE("borders of the parts do not depend on timing and keep to the grain") {
  ThreadPool pool(3);
  const auto first = borders(pool, 1001, 10);
  CHECK(first.size() == 12);
  for (int i = 0; i < 50; ++i) CHECK(borders(pool, 1001, 10) == first);
  for (const auto& [begin, end] : borders(pool, 100, 30)) CHECK(end - begin >= 30);
  const int64_t huge = int64_t{1} << 62;
  int64_t next = 0;
  for (const auto& [begin, end] : borders(pool, huge, 1)) {
    CHECK(begin == next);
    next = end;
  }
  CHECK(next == huge);
}

TEST_CASE("a loop inside a task and a loop from another thread run to their end") {
  ThreadPool pool(4);
  std::atomic<int> count{0};
  pool.parallel_for(8, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      pool.parallel_for(10, 1, [&](int64_t from, int64_t to) { count += static_cast<int>(to - from); });
  });
  CHECK(count == 80);
  count = 0;
  auto many = [&] {
    for (int i = 0; i < 2000; ++i)
      pool.parallel_for(16, 1, [&](int64_t from, int64_t to) { count += static_cast<int>(to - from); });
  };
  std::thread other(many);
  many();
  other.join();
  CHECK(count == 2 * 2000 * 16);
}

TEST_CASE("the calling convention's callback") {
  ThreadPool pool(2);
  std::vector<int> seen(100, 0);
  const gradus_parallel_for loop = &ThreadPool::callback;
  loop(
      &pool, 100, 1,
      [](void* closure, int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i)
          ++(*static_cast<std::vector<int>*>(closure))[static_cast<size_t>(i)];
      },
      &seen);
  CHECK(seen == std::vector<int>(100, 1));
}
