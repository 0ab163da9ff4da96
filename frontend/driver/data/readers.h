// The readers that `data … -> names` can name, one record each.
#pragma once

#include <string_view>
#include <vector>

#include "frontend/driver/data/arguments.h"
#include "runtime/data/data_set.h"

namespace gradus {

struct DataReader {
  std::string_view name;
  std::string_view example;
  std::vector<std::string_view> arguments;
  size_t positional = 0;
  DataSet (*read)(const DataArguments& arguments);
  // The arguments are the columns, under any name: rows(x: …, y: …).
  bool arguments_are_columns = false;
  bool reads_files = true;   // which others may take the place of
  bool reads_texts = false;  // a CSV file is one of those that it reads itself
  // Neighbouring rows share points of time: parts that are drawn at random would know each other.
  bool in_order = false;
};

const DataReader* find_reader(std::string_view name);  // null if there is none

const std::vector<DataReader>& data_readers();

// What the call names, as its files hold it.
DataSet read_data(const language::SettingCall& call, const DataContext& context);

// Throws the error again, with the call as its place, or as a note if it is about a place in a file.
[[noreturn]] void fail_at(const Error& error, const language::SettingCall& call);

template <class Function>
auto located(const language::SettingCall& call, Function function) {
  try {
    return function();
  } catch (const Error& error) {
    fail_at(error, call);
  }
}

// The readers of the list, by kind.
DataSet read_rows(const DataArguments& arguments);
DataSet read_concat(const DataArguments& arguments);
DataSet read_digits(const DataArguments& arguments);
DataSet read_iris(const DataArguments& arguments);
DataSet read_mnist(const DataArguments& arguments);
DataSet read_idx(const DataArguments& arguments);
DataSet read_npy(const DataArguments& arguments);
DataSet read_npz_file(const DataArguments& arguments);
DataSet read_csv(const DataArguments& arguments);
DataSet read_image_folder(const DataArguments& arguments);
DataSet read_triplets(const DataArguments& arguments);
DataSet read_tagged_text(const DataArguments& arguments);
DataSet read_sentence_pairs(const DataArguments& arguments);
DataSet read_text(const DataArguments& arguments);
DataSet read_text_table(const DataArguments& arguments);
DataSet read_text_lines(const DataArguments& arguments);
DataSet read_series(const DataArguments& arguments);

}  // namespace gradus
