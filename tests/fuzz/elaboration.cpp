#include "frontend/language/elaborate.h"
#include "fuzz.h"
#include "ir/verify.h"

// Lessons of any text elaborate to graphs that verify.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] {
    const language::Unit unit = language::load_unit("fuzz.gradus", std::string(fuzz::text(data, size)));
    for (const std::string& name : unit.programs())
      fuzz::require(verify(language::elaborate_program(unit, name).graph).empty(),
                    "a lesson's graph does not verify");
  });
}
