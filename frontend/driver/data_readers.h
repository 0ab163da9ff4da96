// The readers that `data … -> names` can name, one record each.
#pragma once

#include <string_view>
#include <vector>

#include "frontend/driver/data_arguments.h"
#include "runtime/data/data_set.h"

namespace gradus {

struct DataReader {
  std::string_view name;
  std::string_view documentation;  // arguments and columns, for people
  std::vector<std::string_view> arguments;
  size_t positional = 0;
  DataSet (*read)(const DataArguments& arguments);
};

const std::vector<DataReader>& data_readers();

// What the call names, as its files hold it. Diagnostics about a file end with a note on the call.
DataSet read_data(const language::SettingCall& call);

// The readers of the list, by kind.
DataSet read_rows(const DataArguments& arguments);
DataSet read_concat(const DataArguments& arguments);
DataSet read_digits(const DataArguments& arguments);
DataSet read_iris(const DataArguments& arguments);
DataSet read_mnist(const DataArguments& arguments);
DataSet read_idx(const DataArguments& arguments);

}  // namespace gradus
