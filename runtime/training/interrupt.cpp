#include "runtime/training/interrupt.h"

#include <unistd.h>

#include <cerrno>
#include <string_view>

namespace gradus {

namespace {

// A signal handler reaches nothing but globals.
volatile sig_atomic_t received = 0;
volatile sig_atomic_t on_terminal = 0;

// On a terminal after the line that shows the progress.
constexpr std::string_view said = "\nnote: stopping after this step; a second signal stops at once\n";

// Said here, as a step may take long.
extern "C" void note_signal(int signal) {
  const int error = errno;
  received = signal;
  ::signal(SIGINT, SIG_DFL);  // whichever comes second
  ::signal(SIGTERM, SIG_DFL);
  const std::string_view text = said.substr(on_terminal ? 0 : 1);
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  errno = error;
}

}  // namespace

void InterruptGuard::arm() {
  if (armed_) return;
  armed_ = listening_ = true;
  received = 0;
  on_terminal = ::isatty(STDERR_FILENO);
  struct sigaction action{};
  action.sa_handler = &note_signal;
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, &old_interrupt_);
  ::sigaction(SIGTERM, &action, &old_terminate_);
}

void InterruptGuard::disarm() {
  if (!armed_ || !listening_) return;
  listening_ = false;
  ::sigaction(SIGINT, &old_interrupt_, nullptr);
  ::sigaction(SIGTERM, &old_terminate_, nullptr);
}

InterruptGuard::~InterruptGuard() { disarm(); }

bool InterruptGuard::requested() const { return armed_ && received != 0; }
int InterruptGuard::exit_code() const { return requested() ? 128 + received : 0; }

}  // namespace gradus
