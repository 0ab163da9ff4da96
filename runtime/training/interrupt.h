// Ctrl-C and SIGTERM while training: the loop finishes its step and saves.
#pragma once

#include <signal.h>

namespace gradus {

// While it lives, the first SIGINT or SIGTERM is noted; a second one ends the process as usual. One at a
// time.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  bool requested() const;
  int exit_code() const;  // 130 after SIGINT, 143 after SIGTERM, 0 if there was none

 private:
  struct sigaction old_interrupt_{};
  struct sigaction old_terminate_{};
};

}  // namespace gradus
