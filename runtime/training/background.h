// One thread beside the training that does one piece of work at a time: the next batch is put together while
// the step runs.
#pragma once

#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace gradus {

class Background {
 public:
  Background() : thread_([this] { run(); }) {}
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  // Work that was begun. When this is gone the work has ended, also where an exception passes by: what it
  // reads and writes may be freed.
  class Work {
   public:
    explicit Work(Background& background) : background_(&background) {}
    Work(Work&& other) noexcept : background_(std::exchange(other.background_, nullptr)) {}
    Work& operator=(Work&&) = delete;
    ~Work() {
      if (background_) background_->wait();
    }
    // Waits, and throws what the work has thrown.
    void finish();

   private:
    Background* background_;
  };

  // One piece at a time. What it reads must not change, and what it writes is not to be read, before it ends.
  [[nodiscard]] Work start(std::function<void()> work);

 private:
  void run();
  void wait();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::function<void()> work_;  // empty: there is none
  std::exception_ptr thrown_;   // by the last work
  bool ending_ = false;
  std::thread thread_;  // last: it uses the others
};

}  // namespace gradus
