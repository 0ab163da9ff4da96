#include "frontend/command_line/streams.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "ir/error.h"
#include "runtime/memory_request.h"

namespace gradus::command_line {

void keep_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0 || errno != EBADF) continue;
    // The lowest free number, opened for what nobody does with it.
    if (::open("/dev/null", descriptor == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0) return;
  }
}

void require_text_length(const std::string& name, size_t bytes) {
  if (bytes > size_t{1} << 30) fail_program(fmt::format("{} is longer than a gigabyte: is it a text?", name));
}

std::string read_standard_input() {
  std::string text;
  size_t used = 0;
  while (true) {
    if (used == text.size()) {
      const size_t size = std::max<size_t>(size_t{1} << 16, text.size() * 2);
      require_memory({"standard input", static_cast<double>(size)});
      text.resize(size);
    }
    const ssize_t got = ::read(STDIN_FILENO, text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_environment(fmt::format("cannot read standard input: {}", std::strerror(errno)));
    if (got == 0) break;
    if (std::memchr(text.data() + used, '\0', static_cast<size_t>(got)))
      fail_program("standard input holds a zero byte: is it a text?");
    used += static_cast<size_t>(got);
    require_text_length("standard input", used);
  }
  text.resize(used);
  return text;
}

void finish_output() {
  errno = 0;
  if (std::fflush(stdout) == 0 && !std::ferror(stdout)) return;
  fail_environment("cannot write to standard output" +
                   (errno != 0 ? fmt::format(": {}", std::strerror(errno)) : std::string()));
}

}  // namespace gradus::command_line
