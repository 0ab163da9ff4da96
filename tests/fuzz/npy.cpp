#include "fuzz.h"
#include "runtime/data/numpy.h"

// The first byte chooses the form: one array, or a zip file of them.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] {
    const ByteView file = fuzz::bytes(data, size);
    if (size >= 2 && data[0] == 'P' && data[1] == 'K') {
      parse_npz(file, "fuzz.npz");
      return;
    }
    const std::string written = format_npy(parse_npy(file, "fuzz.npy"));
    const std::string again =
        format_npy(parse_npy(std::as_bytes(std::span(written.data(), written.size())), "written.npy"));
    fuzz::require(again == written, "read, write, read differs");
  });
}
