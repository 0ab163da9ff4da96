// Readers of files of numbers.
#include <fmt/format.h>

#include "frontend/driver/data_readers.h"
#include "runtime/data/idx.h"

namespace gradus {

using language::SettingCall;

DataSet read_mnist(const DataArguments& arguments) {
  const std::string& reader = arguments.call().name;
  const std::string folder = arguments.string(reader + "(\"data/mnist\")");
  return mnist_data_set(reader, arguments.path(folder), arguments.whole("limit", 1, INT64_MAX));
}

DataSet read_idx(const DataArguments& arguments) {
  std::vector<Column> columns;
  for (const SettingCall::Argument& argument : arguments.call().arguments)
    if (const auto* file = std::get_if<std::string>(&argument.value.value))
      columns.push_back(idx_column(argument.name, arguments.path(*file)));
  if (columns.empty()) arguments.fail("it needs at least one column", "idx(image: \"images.idx\")");
  return make_data_set("idx", std::move(columns));
}

}  // namespace gradus
