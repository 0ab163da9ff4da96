#include "runtime/data/sentences.h"
#include "fuzz.h"

// The same text as tagged sentences, as pairs and as characters.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  const std::string path = fuzz::file_of(data, size);
  fuzz::expect_result_or_diagnostic([&] { tagged_text_data_set(path, {}); });
  fuzz::expect_result_or_diagnostic([&] { sentence_pairs_data_set(path, "", {.limit = 8}); });
  return fuzz::expect_result_or_diagnostic([&] { character_data_set(path, {.window = 4, .step = 3}); });
}
