// What is asked for is estimated before it is allocated; the limit is set here, so that nothing large is ever
// allocated.
#include "runtime/memory_request.h"

#include "runtime/tensor.h"
#include "tests/runtime/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

template <class F>
std::string refused(F run) {
  return error_of(ErrorKind::environment, run);
}

}  // namespace

TEST_CASE("memory is asked for before it is taken") {
  CHECK(memory_at_hand() > 0);
  require_memory({"a request that is not looked at", 1e6});
  CHECK_THAT(refused([] { require_memory({"t.csv", 1e18, {}, ""}); }), Catch::Contains("t.csv would take"));
  CHECK_THAT(refused([] { Tensor(Type(ElementType::u8, {int64_t{1} << 44})); }),
             Catch::Contains("16384.0 GB, but only"));
  // A file may ask for a gigabyte, or a hundred times its size.
  const double asked = 3e9;
  CHECK_THAT(error_of(ErrorKind::program, [&] { require_memory({"t.csv", asked, 1000, ""}); }),
             Catch::Contains("t.csv would take 2.8 GB of memory, from a file of 1000 bytes"));
  const MemoryLimit limit("1K");
  CHECK(memory_at_hand() == 0);
  CHECK_THAT(refused([&] { require_memory({"t.csv", asked, 30'000'000, ""}); }),
             Catch::Contains("t.csv would take 2.8 GB, but only 0 MB are at hand"));
}

TEST_CASE("the limit of memory is a number of bytes") {
  for (const char* limit : {"100G", "102400M", "107374182400"}) {
    const MemoryLimit set(limit);
    CHECK(memory_at_hand() <= 100 * 1073741824.0);
    CHECK(memory_at_hand() > 0);
  }
  for (const char* limit : {"G", "-1", "1.5G", "8GB", "much", "0"}) {
    const MemoryLimit set(limit);
    CHECK_THAT(error_of(ErrorKind::program, [] { memory_at_hand(); }),
               Catch::Contains("not a number of bytes"));
  }
}
