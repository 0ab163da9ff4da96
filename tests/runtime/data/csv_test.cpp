#include "runtime/data/csv.h"

#include <zlib.h>

#include <cmath>

#include "runtime/data/combine.h"
#include "runtime/data/png.h"
#include "runtime/data/vocabulary.h"
#include "tests/runtime/data/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

void write(const std::string& path, const std::string& text) {
  const ByteView pieces[] = {bytes_of(text)};
  write_file_atomically(path, pieces);
}

CsvColumn numbers(std::vector<std::string> names) { return {CsvColumn::Kind::numbers, std::move(names)}; }
CsvColumn category(std::string name) { return {CsvColumn::Kind::category, {std::move(name)}}; }

class Csv {
 public:
  explicit Csv(const std::string& text) { write(folder_.file("a.csv"), text); }
  DataSet read(const CsvOptions& options = {}) const { return csv_data_set(folder_.file("a.csv"), options); }

  // Place and message of the error that reading causes.
  std::string error(const CsvOptions& options = {}) const {
    try {
      read(options);
    } catch (const Error& error) {
      const Diagnostic& first = error.diagnostics().front();
      return std::to_string(first.span.line) + ":" + std::to_string(first.span.column) + " " + first.message;
    }
    return "no error";
  }
  const TemporaryFolder& folder() const { return folder_; }

 private:
  TemporaryFolder folder_;
};

std::vector<double> values(const Column& column) {
  std::vector<double> all;
  for (int64_t i = 0; i < column.values.size(); ++i) all.push_back(column.values.number(i));
  return all;
}

}  // namespace

TEST_CASE("CSV: quotes, line ends, a byte order mark, blank lines") {
  const Csv csv(
      "\xef\xbb\xbf"
      "a,\"b, \"\"x\"\"\",c\r\n1,\"2\",red\n\n-3e2, +4 ,\"two\nlines\"");
  const DataSet data = csv.read({{numbers({"a", "b, \"x\""}), category("c")}, {}, ',', true, {}});
  CHECK(data.columns[0].values.type() == Type(ElementType::f64, {2, 2}));
  CHECK(values(data.columns[0]) == std::vector<double>{1, 2, -300, 4});
  CHECK(data.columns[1].vocabulary == std::vector<std::string>{"red", "two\nlines"});
  CHECK(vocabularies_as_json(data) == "{\n \"c\": [\n  \"red\",\n  \"two\\nlines\"\n ]\n}\n");
}

TEST_CASE("CSV: columns as the program names them") {
  const Csv csv("x;y;left\n1;2;0\n3;4;1\n");
  CsvOptions options;
  options.separator = ';';
  DataSet each = csv.read(options);
  REQUIRE(each.columns.size() == 3);
  CHECK(each.columns[1].values.shape() == Shape{2, 1});
  options.target = numbers({"left"});
  DataSet two = csv.read(options);
  REQUIRE(two.columns.size() == 2);
  CHECK(values(two.columns[0]) == std::vector<double>{1, 2, 3, 4});
  CHECK(two.columns[1].role == ColumnRole::target);
  CHECK(values(two.columns[1]) == std::vector<double>{0, 1});
  options.header = false;
  options.columns = {numbers({"1"})};
  options.target = {};
  CHECK_THAT(csv.error(options), Catch::Contains("1:1 column '1': expected a number, found 'x'"));
}

TEST_CASE("CSV: images by file name, beside the CSV file") {
  const Csv csv("file,age\na.png,7\n");
  write_png(csv.folder().file("a.png"), Tensor(Shape{1, 1, 1}, std::vector<uint8_t>{51}));
  CsvColumn image{CsvColumn::Kind::image, {"file"}, {2, 3}};
  const DataSet data = csv.read({{image, numbers({"age"})}, {}, ',', true, {}});
  CHECK(data.columns[0].values.shape() == Shape{1, 2, 2, 3});
  CHECK(data.columns[0].values.number(11) == Approx(0.2));
}

TEST_CASE("CSV: missing values") {
  const Csv csv("a,b\n1,2\n,3\n5,NA\n");
  CHECK_THAT(csv.error(), Catch::Contains("3:1 the value of column 'a' is missing"));
  CsvOptions options;
  options.missing = {MissingValues::Policy::drop};
  CHECK(csv.read(options).rows() == 1);
  options.missing = {MissingValues::Policy::fill, -1};
  CHECK(values(csv.read(options).columns[0]) == std::vector<double>{1, -1, 5});
  options.missing = {MissingValues::Policy::mean};
  DataSet data = csv.read(options);
  data.training = {0, 1};  // the mean is that of training rows
  data.test = {2};
  fit(PreparationKind::fill_missing, data);
  CHECK(values(data.columns[0]) == std::vector<double>{1, 1, 5});
  CHECK(values(data.columns[1]) == std::vector<double>{2, 3, 2.5});
  options.target = numbers({"b"});
  CHECK_THAT(csv.error(options), Catch::Contains("4:3 the value of column 'b' is missing"));
}

TEST_CASE("CSV: a file of many columns is one of many rows, turned") {
  constexpr int columns = 300'000;
  std::string names, row;
  for (int i = 0; i < columns; ++i) {
    names += (i > 0 ? "," : "") + std::to_string(i);
    row += i > 0 ? ",1" : "1";
  }
  const Csv csv(names + "\n" + row + "\n");
  CHECK(csv.read().columns.size() == columns);
  CsvOptions options;
  options.target = numbers({"7"});
  DataSet data = csv.read(options);
  CHECK(data.columns[0].values.shape() == Shape{1, columns - 1});
  const std::vector<std::string> one = {"x"};
  const std::string message = error_of(ErrorKind::program, [&] { csv.read().name_columns(one); });
  CHECK_THAT(message, Catch::Contains("18, 19, … (300000 in all)"));
  CHECK(message.size() < 1000);
}

TEST_CASE("CSV: the file may be compressed") {
  const TemporaryFolder folder;
  gzFile zip = gzopen(folder.file("t.csv.gz").c_str(), "wb");
  REQUIRE(gzputs(zip, "a\n1\nx\n") > 0);
  gzclose(zip);
  try {
    csv_data_set(folder.file("t.csv"), {});
    FAIL("no error");
  } catch (const Error& error) {
    CHECK(error.diagnostics()[0].span.file == folder.file("t.csv.gz"));
    CHECK(error.diagnostics()[0].span.line == 3);
  }
  CHECK_THAT(error_of(ErrorKind::environment, [&] { csv_data_set(folder.file("none.csv"), {}); }),
             Catch::Contains("there is no such file, nor none.csv.gz"));
}

TEST_CASE("CSV: errors have a place") {
  CHECK_THAT(Csv("").error(), Catch::Contains("empty"));
  CHECK_THAT(Csv("a,b\n").error(), Catch::Contains("no rows below the header"));
  CHECK_THAT(Csv("a,b\n1,2\n3\n").error(),
             Catch::Contains("3:1 expected 2 fields, as in the first line, found 1"));
  CHECK_THAT(Csv("a,b\n1,2,3\n").error(), Catch::Contains("2:1 expected 2 fields"));
  CHECK_THAT(Csv("a,b\n1,x2\n").error(), Catch::Contains("2:3 column 'b': expected a number, found 'x2'"));
  // What the library that parses numbers takes, and a data set must not.
  for (const char* text : {"-nan", "nan(ind)", "-nan(snan)", "+-5", "++5", "0x10"})
    CHECK_THAT(Csv("a,b\n1," + std::string(text) + "\n").error(),
               Catch::Contains("2:3 column 'b': expected a number, found '" + std::string(text) + "'"));
  for (const char* text : {"inf", "-infinity"})
    CHECK_THAT(Csv("a,b\n1," + std::string(text) + "\n").error(),
               Catch::Contains("is too large or too small"));
  CHECK(values(Csv("a\n+5\n").read().columns[0]) == std::vector<double>{5});
  CHECK_THAT(Csv("a,b\n1,1e999\n").error(), Catch::Contains("2:3 column 'b': '1e999' is too large"));
  CHECK_THAT(Csv("a,b\n1,\"2\n").error(), Catch::Contains("2:3 this quote is never closed"));
  CHECK_THAT(Csv("a,b\n1,\"2\"3\n").error(), Catch::Contains("2:6 expected ','"));
  CHECK_THAT(Csv("a,b\n1,2\"\n").error(), Catch::Contains("2:4 a quote inside of a field"));
  CHECK_THAT(Csv("a,a\n1,2\n").error(), Catch::Contains("1:3 two columns are called 'a'"));
  CHECK_THAT(Csv("a,b\n1,\xff\n").error(), Catch::Contains("2:3 byte 0xff is not UTF-8 text"));
  CHECK_THAT(Csv(std::string("a,b\n1,\0\n", 8)).error(), Catch::Contains("2:3 a zero byte"));
  CHECK_THAT(Csv("a\n1\n").error({{numbers({"b"})}, {}, ',', true, {}}),
             Catch::Contains("no column 'b'; it has a"));
}

TEST_CASE("LOS-08 labels by value: one-hot targets are an identity") {
  const Csv csv("answer\nYes\nNo\nMaybe\n");
  const DataSet data = csv.read({{category("answer")}, {}, ',', true, {}});
  CHECK(data.columns[0].vocabulary == std::vector<std::string>{"Maybe", "No", "Yes"});
  CHECK(values(data.columns[0]) == std::vector<double>{2, 1, 0});
  const std::vector<std::string> numbers = {"10", "9", "-1", "9"};
  CHECK(label_classes(numbers) == std::vector<std::string>{"-1", "9", "10"});
}

TEST_CASE("NRM-01 standardized and scaled by the training rows") {
  const std::string text = "a,b\n7,70\n8,80\n9,90\n10,1000\n";
  CsvOptions options;
  options.columns = {numbers({"a", "b"})};
  DataSet data = Csv(text).read(options);
  data.training = {0, 1, 2};
  data.test = {3};
  DataSet scaled = data;
  fit(PreparationKind::standardize, data);
  for (int64_t column : {0, 1}) {
    CHECK(data.columns[0].values.number(column) == Approx(-1.2247449).epsilon(1e-7));
    CHECK(data.columns[0].values.number(2 + column) == Approx(0).margin(1e-12));
    CHECK(data.columns[0].values.number(4 + column) == Approx(1.2247449).epsilon(1e-7));
  }
  fit(PreparationKind::scale, scaled);
  CHECK(values(scaled.columns[0]) == std::vector<double>{0, 0, 0.5, 0.5, 1, 1, 1.5, 46.5});
}

TEST_CASE("PER-03 a column of ones makes the bias a weight") {
  const Csv csv("iq,cgpa,placed\n78,78,1\n69,61,0\n");
  CsvOptions options;
  options.target = numbers({"placed"});
  DataSet data = csv.read(options);
  fit(PreparationKind::bias, data);
  CHECK(values(data.columns[0]) == std::vector<double>{1, 78, 78, 1, 69, 61});
  CHECK(values(data.columns[1]) == std::vector<double>{1, 0});
  const double w0 = 3, w1 = 1, w2 = 2;
  for (int64_t row : {0, 1}) {
    const auto x = [&](int64_t i) { return data.columns[0].values.number(3 * row + i); };
    CHECK(w0 * x(0) + w1 * x(1) + w2 * x(2) == w1 * x(1) + w2 * x(2) + w0);
  }
}
