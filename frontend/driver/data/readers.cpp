#include "frontend/driver/data/readers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ir/text/suggest.h"

namespace gradus {

const std::vector<DataReader>& data_readers() {
  static const std::vector<DataReader> readers = {
      {"rows", "rows(x: [[0, 1], [1, 0]], y: [0, 1])", {}, 0, read_rows, true, false},
      {"concat", "concat([csv(\"a.csv\"), csv(\"b.csv\")])", {}, 1, read_concat, false, true, true},
      {"digits", "digits()", {}, 0, read_digits, false, false},
      {"iris", "iris()", {}, 0, read_iris, false, false},
      {"mnist", "mnist(\"folder\", limit: 10_000)", {"limit"}, 1, read_mnist},
      {"fashion_mnist", "fashion_mnist(\"folder\")", {"limit"}, 1, read_mnist},
      {"idx", "idx(image: \"images.idx.gz\", label: \"labels.idx\")", {}, 0, read_idx, true},
      {"npy", "npy(x: \"x.npy\", y: \"y.npy\")", {}, 0, read_npy, true},
      {"npz", "npz(\"data.npz\")", {}, 1, read_npz_file},
      {"csv",
       "csv(\"data.csv\", columns: [numbers(\"a\", \"b\"), category(\"c\")], target: \"left\")",
       {"columns", "target", "separator", "header", "missing"},
       1,
       read_csv,
       false,
       true,
       true},
      {"image_folder", "image_folder(\"flowers\", size: 224)", {"size", "channels"}, 1, read_image_folder},
      {"triplets", "triplets(\"faces\", size: 64)", {"size", "channels"}, 1, read_triplets},
      {"series",
       "series(\"air.csv\", column: \"passengers\", window: 12)",
       {"column", "columns", "window", "horizon", "step", "validation", "test"},
       1,
       read_series,
       false,
       true,
       true,
       true},
      {"text_table",
       "text_table(\"reviews.csv\", text: \"review\", label: \"mood\", limit: 60)",
       {"text", "label", "limit", "vocabulary"},
       1,
       read_text_table,
       false,
       true,
       true},
      {"text_lines",
       "text_lines(bad: \"bad.txt\", good: \"good.txt\", limit: 60)",
       {"limit", "vocabulary"},
       0,
       read_text_lines,
       true,
       true,
       true},
      {"tagged_text",
       "tagged_text(\"en_ewt\", limit: 60)",
       {"limit", "vocabulary"},
       1,
       read_tagged_text,
       false,
       true,
       true},
      {"sentence_pairs",
       "sentence_pairs(\"pairs.tsv\", limit: 40)",
       {"limit", "vocabulary"},
       2,
       read_sentence_pairs,
       false,
       true,
       true},
      {"text",
       "text(\"input.txt\", window: 64)",
       {"window", "step", "validation"},
       1,
       read_text,
       false,
       true,
       true},
  };
  return readers;
}

namespace {

DataArguments checked_arguments(const DataReader& reader, const language::SettingCall& call,
                                const DataContext& context) {
  std::vector<std::string_view> accepted = reader.arguments;
  accepted.insert(accepted.end(), std::begin(preparation_steps), std::end(preparation_steps));
  if (reader.arguments_are_columns)
    for (const language::SettingCall::Argument& argument : call.arguments) accepted.push_back(argument.name);
  return DataArguments(call, accepted, reader.positional, context);
}

}  // namespace

void fail_at(const Error& error, const language::SettingCall& call) {
  std::vector<Diagnostic> diagnostics = error.diagnostics();
  for (Diagnostic& diagnostic : diagnostics)
    if (!diagnostic.span.known())
      diagnostic.span = call.span;
    else if (diagnostic.span.file != call.span.file)
      diagnostic.notes.push_back({fmt::format("read by {}", call.name), call.span});
  throw Error(error.kind(), std::move(diagnostics));
}

const DataReader* find_reader(std::string_view name) {
  for (const DataReader& reader : data_readers())
    if (reader.name == name) return &reader;
  return nullptr;
}

DataSet read_data(const language::SettingCall& call, const DataContext& context) {
  if (const DataReader* reader = find_reader(call.name))
    return reader->read(checked_arguments(*reader, call, context));
  std::vector<std::string_view> names;
  for (const DataReader& reader : data_readers()) names.push_back(reader.name);
  const std::string hint = did_you_mean(call.name, names);
  fail_program(fmt::format("there is no data reader '{}'", call.name), call.span,
               hint.empty()
                   ? fmt::format("there are {}; anything else with --data FILE.npz", fmt::join(names, ", "))
                   : hint);
}

}  // namespace gradus
