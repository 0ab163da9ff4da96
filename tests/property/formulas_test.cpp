// Random formulas through the rules. GRADUS_PROPERTY_SEED and GRADUS_PROPERTY_FORMULAS choose others.
#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/property/environment.h"
#include "tests/property/formulas.h"
#include "tests/support/effort.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

// What a smaller formula must fail with as well.
std::string kind_of(const std::string& failure) { return failure.substr(0, failure.find('[')); }

std::string minimal(const RandomGraph& failing) {
  const std::string kind = kind_of(check_formula(failing).failure);
  const RandomGraph small = shrink(failing, [&](const Graph& graph, const auto& inputs) {
    const std::string failure = check_formula({graph, inputs}).failure;
    return kind_of(failure) == kind ? failure : std::string();
  });
  return describe(small) + check_formula(small).failure;
}

}  // namespace

TEST_CASE("random formulas mean what they say after every pass and compiled") {
  const uint64_t first = number_from("GRADUS_PROPERTY_SEED", 1);
  const uint64_t wanted = number_from("GRADUS_PROPERTY_FORMULAS", effort(300, 50));
  uint64_t skipped = 0, failures = 0, compared = 0, elements = 0;
  for (uint64_t seed = first; seed < first + wanted && failures < 3; ++seed) {
    const RandomGraph formula = random_formula(seed);
    const FormulaVerdict verdict = check_formula(formula);
    skipped += verdict.skipped;
    compared += verdict.compared;
    elements += verdict.elements;
    if (verdict.failure.empty()) continue;
    ++failures;
    UNSCOPED_INFO("seed " << seed << ": " << verdict.failure << "\nminimal:\n" << minimal(formula));
    CHECK(false);
  }
  fmt::print(
      "{} formulas, {} of them with a comparison within the rounding error; {} of {} elements compared\n",
      wanted, skipped, compared, elements);
  CHECK(skipped * 5 <= wanted);
  CHECK(compared * 2 >= elements);
}
