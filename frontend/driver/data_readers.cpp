#include "frontend/driver/data_readers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "ir/text/suggest.h"

namespace gradus {

const std::vector<DataReader>& data_readers() {
  static const std::vector<DataReader> readers = {
      {"rows", "rows(x: [[0, 1], [1, 0]], y: [0, 1]): one column per argument, float", {}, 0, read_rows},
      {"concat",
       "concat([csv(\"a.csv\"), csv(\"b.csv\")]): the rows of all, below each other",
       {},
       1,
       read_concat},
      {"digits", "digits(): image float [8, 8, 1] from 0 to 16, label", {}, 0, read_digits},
      {"iris", "iris(): record float [4], label", {}, 0, read_iris},
      {"mnist",
       "mnist(\"folder\", limit: 10_000): image float [28, 28, 1] from 0 to 1, label",
       {"limit"},
       1,
       read_mnist},
      {"fashion_mnist", "fashion_mnist(\"folder\"): as mnist", {"limit"}, 1, read_mnist},
      {"idx",
       "idx(image: \"images.idx.gz\", label: \"labels.idx\"): one column per argument",
       {},
       0,
       read_idx},
  };
  return readers;
}

namespace {

// Arguments of the preparation, which every reader takes.
constexpr std::string_view preparation[] = {"pad_to", "standardize"};
// Readers whose arguments are the program's own columns.
bool names_columns(std::string_view reader) { return reader == "rows" || reader == "idx"; }

DataArguments checked_arguments(const DataReader& reader, const language::SettingCall& call) {
  std::vector<std::string_view> accepted = reader.arguments;
  accepted.insert(accepted.end(), std::begin(preparation), std::end(preparation));
  if (names_columns(reader.name))
    for (const language::SettingCall::Argument& argument : call.arguments) accepted.push_back(argument.name);
  return DataArguments(call, accepted, reader.positional);
}

}  // namespace

DataSet read_data(const language::SettingCall& call) {
  std::vector<std::string_view> names;
  for (const DataReader& reader : data_readers()) {
    names.push_back(reader.name);
    if (reader.name != call.name) continue;
    const DataArguments arguments = checked_arguments(reader, call);
    try {
      return reader.read(arguments);
    } catch (const Error& error) {
      std::vector<Diagnostic> diagnostics = error.diagnostics();
      for (Diagnostic& diagnostic : diagnostics)
        if (!diagnostic.span.known())
          diagnostic.span = call.span;
        else if (diagnostic.span.file != call.span.file)
          diagnostic.notes.push_back({fmt::format("read by {}", call.name), call.span});
      throw Error(error.kind(), std::move(diagnostics));
    }
  }
  const std::string hint = did_you_mean(call.name, names);
  fail_program(fmt::format("there is no data reader '{}'", call.name), call.span,
               hint.empty()
                   ? fmt::format("there are {}; anything else with --data FILE.npz", fmt::join(names, ", "))
                   : hint);
}

}  // namespace gradus
