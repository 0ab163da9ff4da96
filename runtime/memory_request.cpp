#include "runtime/memory_request.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <string_view>

#include "ir/error.h"

namespace gradus {

namespace {

constexpr double gigabyte = 1 << 30;
// Asking the system takes longer than allocating less than this.
constexpr double least_checked = 1 << 26;
constexpr double most_per_byte = 100;
constexpr double unlimited = std::numeric_limits<double>::infinity();

std::string readable(double bytes) {
  return bytes < gigabyte ? fmt::format("{:.0f} MB", bytes / (1 << 20))
                          : fmt::format("{:.1f} GB", bytes / gigabyte);
}

// Of /proc/meminfo, in kilobytes; 0 if there is none.
double machine_free() {
  std::ifstream file("/proc/meminfo");
  double free = 0;
  for (std::string name, unit; file >> name;) {
    double kilobytes = 0;
    file >> kilobytes;
    std::getline(file, unit);
    if (name == "MemAvailable:" || name == "SwapFree:") free += 1024 * kilobytes;
  }
  return free > 0 ? free : unlimited;
}

double held_by_process() {
  std::ifstream file("/proc/self/statm");
  double pages = 0, resident = 0;
  file >> pages >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// The least limit of the process's control group and those above it (version 2).
double control_group_limit() {
  std::ifstream groups("/proc/self/cgroup");
  double least = unlimited;
  for (std::string line; std::getline(groups, line);) {
    if (!line.starts_with("0::/")) continue;
    for (std::string path = line.substr(3);; path.resize(path.rfind('/'))) {
      std::ifstream limit("/sys/fs/cgroup" + path + "/memory.max");
      if (double bytes = 0; limit >> bytes) least = std::min(least, bytes);
      if (path.rfind('/') == std::string::npos) break;
    }
  }
  return least;
}

double limit_of_environment() {
  const char* variable = std::getenv("GRADUS_MEMORY");
  if (!variable || !*variable) return unlimited;
  std::string_view text = variable;
  double unit = 1;
  for (const char letter : std::string_view("KMG")) {
    unit *= 1024;
    if (!text.ends_with(letter)) continue;
    text.remove_suffix(1);
    break;
  }
  if (text.size() == std::string_view(variable).size()) unit = 1;
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || number < 1)
    fail_program(fmt::format("GRADUS_MEMORY is '{}', not a number of bytes", variable), {},
                 "for example GRADUS_MEMORY=8G");
  return unit * static_cast<double>(number);
}

}  // namespace

double memory_at_hand() {
  const double limit = std::min(control_group_limit(), limit_of_environment());
  return std::max(0.0, std::min(machine_free(), limit - held_by_process()));
}

void require_memory(const MemoryRequest& request) {
  if (request.bytes < least_checked) return;
  if (request.file_bytes &&
      request.bytes > std::max(gigabyte, most_per_byte * static_cast<double>(*request.file_bytes)))
    fail_program(fmt::format("{} would take {} of memory, from a file of {} bytes", request.what,
                             readable(request.bytes), *request.file_bytes),
                 {}, request.hint);
  const double free = memory_at_hand();
  if (request.bytes > free)
    fail_environment(fmt::format("out of memory: {} would take {}, but only {} are at hand", request.what,
                                 readable(request.bytes), readable(free)),
                     {}, request.hint);
}

}  // namespace gradus
