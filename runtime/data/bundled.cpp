// The bundled data sets, parsed from the files inside the program.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>

#include "ir/error.h"
#include "runtime/data/data_set.h"
#include "runtime/data/embedded_files.h"
#include "runtime/data/little_endian.h"
#include "runtime/data/zip.h"

namespace gradus {

namespace {

ByteView embedded(std::string_view name) {
  for (const EmbeddedFile& file : embedded_files())
    if (file.name == name) return std::as_bytes(file.bytes);
  fail_internal(fmt::format("no embedded file {}", name));
}

// Reads numbers separated by commas and newlines, one after the other.
class Numbers {
 public:
  explicit Numbers(std::string_view text) : text_(text) {}

  double next() {
    double value = 0;
    const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc()) fail_internal("an embedded data set is damaged");
    text_.remove_prefix(static_cast<size_t>(end - text_.data()));
    while (!text_.empty() && (text_.front() == ',' || text_.front() == '\n' || text_.front() == '\r'))
      text_.remove_prefix(1);
    return value;
  }
  bool at_end() const { return text_.empty(); }

 private:
  std::string_view text_;
};

// `rows` lines of `width` numbers and a class each.
DataSet parse_rows(std::string name, std::string_view text, int64_t rows, Shape row, Column feature,
                   Column target) {
  Shape shape{rows};
  shape.insert(shape.end(), row.begin(), row.end());
  feature.values = Tensor(Type(ElementType::f32, shape));
  target.values = Tensor(Type(ElementType::i32, {rows}));
  const size_t width = static_cast<size_t>(element_count(row));
  const auto features = feature.values.values<float>();
  const auto targets = target.values.values<int32_t>();
  Numbers numbers(text);
  for (size_t i = 0; i < targets.size(); ++i) {
    for (size_t j = 0; j < width; ++j) features[i * width + j] = static_cast<float>(numbers.next());
    targets[i] = static_cast<int32_t>(numbers.next());
  }
  if (!numbers.at_end()) fail_internal("an embedded data set has more rows than expected");
  DataSet data = make_data_set(std::move(name), {std::move(feature), std::move(target)});
  data.training.clear();
  for (int64_t i = 0; i < rows; ++i) (i % 5 == 4 ? data.test : data.training).push_back(i);
  return data;
}

std::string_view as_text(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

DataSet digits() {
  const ByteView compressed = embedded("digits.csv.gz");
  // A gzip file ends with the size of its contents.
  const Bytes text = inflate_exactly(
      compressed, load_little_endian<uint32_t>(compressed, compressed.size() - 4), true, "digits");
  DataSet data = parse_rows("digits", as_text(text), 1797, {8, 8, 1},
                            {"image", ColumnRole::feature, "8×8 grey pixels, 0 … 16, as [8, 8, 1]", {}},
                            {"label", ColumnRole::target, "the digit, 0 … 9", {}});
  data.description = "1,797 handwritten digits (Alpaydin and Kaynak, 1998)";
  return data;
}

DataSet iris() {
  std::string_view text = as_text(embedded("iris.csv"));
  text.remove_prefix(text.find('\n') + 1);  // counts and names
  DataSet data = parse_rows(
      "iris", text, 150, {4},
      {"record", ColumnRole::feature, "sepal length, sepal width, petal length, petal width in cm", {}},
      {"label", ColumnRole::target, "0 setosa, 1 versicolor, 2 virginica", {}});
  data.description = "150 iris flowers of three species (Fisher, 1936)";
  return data;
}

}  // namespace

std::vector<std::string> bundled_data_set_names() { return {"digits", "iris"}; }

DataSet bundled_data_set(std::string_view name) {
  if (name == "digits") return digits();
  if (name == "iris") return iris();
  fail_program(fmt::format("no data set is called '{}'; bundled are {}", name,
                           fmt::join(bundled_data_set_names(), ", ")));
}

}  // namespace gradus
