#include "runtime/data/safetensors.h"
#include "fuzz.h"

// What is read and written again has the same header.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace gradus;
  return fuzz::expect_result_or_diagnostic([&] {
    const Safetensors file = parse_safetensors(fuzz::bytes(data, size), "fuzz.safetensors");
    std::vector<TensorReference> references;
    for (const NamedTensor& named : file.tensors) references.push_back({named.name, &named.value});
    std::string again = format_safetensors_header(references, file.metadata);
    for (const NamedTensor& named : file.tensors)
      again.append(static_cast<const char*>(named.value.data()), static_cast<size_t>(named.value.bytes()));
    const Safetensors second =
        parse_safetensors(std::as_bytes(std::span(again.data(), again.size())), "written.safetensors");
    fuzz::require(second.tensors.size() == file.tensors.size() && second.metadata == file.metadata,
                  "read, write, read differs");
  });
}
