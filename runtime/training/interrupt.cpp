#include "runtime/training/interrupt.h"

namespace gradus {

namespace {

// A signal handler reaches nothing but globals.
volatile sig_atomic_t received = 0;

extern "C" void note_signal(int signal) { received = signal; }

}  // namespace

InterruptGuard::InterruptGuard() {
  received = 0;
  struct sigaction action{};
  action.sa_handler = &note_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  ::sigaction(SIGINT, &action, &old_interrupt_);
  ::sigaction(SIGTERM, &action, &old_terminate_);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
}

bool InterruptGuard::requested() const { return received != 0; }
int InterruptGuard::exit_code() const { return received == 0 ? 0 : 128 + received; }

}  // namespace gradus
