#include "runtime/data/csv.h"
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] { csv_data_set(fuzz::file_of(data, size), CsvOptions{}); });
}
