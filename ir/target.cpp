#include "ir/target.h"

#include <unistd.h>

#include "ir/error.h"

namespace gradus {
namespace {

void detect_caches(Target& target) {
  const auto set = [](int64_t& bytes, int name) {
    // Virtual machines report 0 or -1 where they hide the cache.
    if (const int64_t found = sysconf(name); found > 0) bytes = found;
  };
  set(target.level1_bytes, _SC_LEVEL1_DCACHE_SIZE);
  set(target.level2_bytes, _SC_LEVEL2_CACHE_SIZE);
  set(target.level3_bytes, _SC_LEVEL3_CACHE_SIZE);
}

void set_level(Target& target, int level) {
  target.vector_bytes = level >= 4 ? 64 : level == 3 ? 32 : 16;
  target.vector_registers = level >= 4 ? 32 : 16;
  target.has_fma = level >= 3;
  target.has_masks = level >= 4;
}

int host_level() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("x86-64-v4")) return 4;
  if (__builtin_cpu_supports("x86-64-v3")) return 3;
  if (__builtin_cpu_supports("x86-64-v2")) return 2;
#endif
  // Rounding needs SSE4.1; without it LLVM would call the C library, which compiled code never does.
  fail_environment("this CPU has less than x86-64-v2, the least that Gradus compiles for");
}

// A level stands for the CPUs that have it: caches per core of the smallest of its servers (Nehalem, Haswell,
// Skylake-X).
constexpr struct {
  std::string_view name;
  int level;
  int64_t level1_bytes, level2_bytes, level3_bytes;
} known_targets[] = {
    {"x86-64-v2", 2, 32 << 10, 256 << 10, 2 << 20},
    {"x86-64-v3", 3, 32 << 10, 256 << 10, 2 << 20},
    {"x86-64-v4", 4, 32 << 10, 1 << 20, 1408 << 10},
};

}  // namespace

Target host() {
  Target target;
  target.name = "native";
  target.cpu = "native";
  set_level(target, host_level());
  detect_caches(target);
  return target;
}

Target target_named(std::string_view name) {
  if (name == "native" || name == "host") return host();
  for (const auto& known : known_targets) {
    if (known.name != name) continue;
    Target target;
    target.name = target.cpu = std::string(name);
    set_level(target, known.level);
    target.level1_bytes = known.level1_bytes;
    target.level2_bytes = known.level2_bytes;
    target.level3_bytes = known.level3_bytes;
    return target;
  }
  fail_program("unknown target '" + std::string(name) + "'", {},
               "known targets: native, x86-64-v2, x86-64-v3, x86-64-v4");
}

}  // namespace gradus
