// Ctrl-C and SIGTERM while training: the loop finishes its step and saves. Before the first step there is
// nothing to save, and what goes on, a compilation maybe, looks for no signal: they end the process as usual.
#pragma once

#include <signal.h>

namespace gradus {

// From `arm` on while it lives, the first SIGINT or SIGTERM is noted, and said so on standard error; a second
// one ends the process as usual. One at a time.
class InterruptGuard {
 public:
  InterruptGuard() = default;
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  void arm();     // again and again, if need be
  void disarm();  // signals end the process again; what was noted stays
  bool requested() const;
  int exit_code() const;  // 130 after SIGINT, 143 after SIGTERM, 0 if there was none

 private:
  bool armed_ = false;
  bool listening_ = false;
  struct sigaction old_interrupt_{};
  struct sigaction old_terminate_{};
};

}  // namespace gradus
