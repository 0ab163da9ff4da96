// One thread beside the training that does one piece of work at a time: the next batch is put together while
// the step runs.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace gradus {

class Background {
 public:
  Background() : thread_([this] { run(); }) {}
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // The work must not throw, and what it reads must not change until wait() returns.
  void start(std::function<void()> work);
  void wait();

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // empty: there is none
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace gradus
