// Readers of texts.
#include "frontend/driver/data/readers.h"
#include "runtime/data/combine.h"
#include "runtime/data/labelled_text.h"
#include "runtime/data/sentences.h"

namespace gradus {

namespace {

constexpr int64_t most_ids = 1'000'000;

SentenceOptions sentence_options(const DataArguments& arguments, int64_t vocabulary) {
  SentenceOptions options{arguments.whole("limit", 1, most_ids),
                          arguments.whole("vocabulary", 5, INT32_MAX).value_or(vocabulary)};
  const DataContext& context = arguments.context();
  if (!context.known) return options;
  for (size_t i = 0; i < context.columns.size(); ++i) {
    const ColumnForm* form = context.form(i);
    options.known.push_back(form && form->row_shape.size() == 1
                                ? KnownSentences{form->vocabulary, form->row_shape.front()}
                                : KnownSentences{{}, 1});
  }
  options.with_target = arguments.is_used(1);
  return options;
}

LabelledTextOptions labelled_text_options(const DataArguments& arguments) {
  const ColumnForm* label = arguments.context().form(1);
  return {sentence_options(arguments, 10'000), label ? label->vocabulary : std::vector<std::string>()};
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
  if (const ColumnForm* form = arguments.context().form(0)) options.known = form->vocabulary;
  return character_data_set(arguments.path(), options);
}

DataSet read_text_table(const DataArguments& arguments) {
  const std::string text = arguments.word("text"), label = arguments.word("label");
  if (text.empty() || label.empty())
    arguments.fail("`text` and `label` name its columns",
                   "text_table(\"reviews.csv\", text: \"review\", label: \"mood\")");
  const LabelledTextOptions options = labelled_text_options(arguments);
  if (!options.sentences.with_target && !is_table_name(arguments.path()))
    return unlabelled_lines_data_set(arguments.path(), options);
  return text_table_data_set(arguments.path(), text, label, options);
}

DataSet read_text_lines(const DataArguments& arguments) {
  const LabelledTextOptions options = labelled_text_options(arguments);
  const std::vector<std::string>& given = arguments.context().files;
  if (!given.empty() && !options.sentences.with_target) {
    DataSet all = unlabelled_lines_data_set(given.front(), options);
    for (size_t i = 1; i < given.size(); ++i)
      all = concatenated(std::move(all), unlabelled_lines_data_set(given[i], options));
    return all;
  }
  const std::vector<std::pair<std::string, std::string>> files = arguments.labelled_paths();
  if (files.empty())
    arguments.fail("a file for each class is expected", "text_lines(bad: \"bad.txt\", good: \"good.txt\")");
  return text_lines_data_set(files, options);
}

}  // namespace gradus
