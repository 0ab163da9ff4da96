// Readers of texts.
#include "frontend/driver/data/readers.h"
#include "runtime/data/sentences.h"

namespace gradus {

namespace {

constexpr int64_t most_ids = 1'000'000;

SentenceOptions sentence_options(const DataArguments& arguments, int64_t vocabulary) {
  return {arguments.whole("limit", 1, most_ids),
          arguments.whole("vocabulary", 5, INT32_MAX).value_or(vocabulary)};
}

}  // namespace

DataSet read_tagged_text(const DataArguments& arguments) {
  return tagged_text_data_set(arguments.path(), sentence_options(arguments, 10'000));
}

DataSet read_sentence_pairs(const DataArguments& arguments) {
  const std::vector<std::string> files = arguments.strings();
  const std::string second = files.size() > 1 ? arguments.path(files[1]) : "";
  return sentence_pairs_data_set(arguments.path(), second, sentence_options(arguments, 8'000));
}

DataSet read_text(const DataArguments& arguments) {
  WindowOptions options;
  options.window = arguments.whole("window", 1, most_ids).value_or(options.window);
  options.step = arguments.whole("step", 1, most_ids);
  options.validation = arguments.fraction("validation");
  return character_data_set(arguments.path(), options);
}

}  // namespace gradus
