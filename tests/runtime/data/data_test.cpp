#include "runtime/data/data_set.h"

#include <cmath>
#include <numeric>
#include <set>

#include "runtime/data/batches.h"
#include "runtime/data/numpy.h"
#include "tests/runtime/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

std::vector<int64_t> count_to(int64_t n) {
  std::vector<int64_t> rows(static_cast<size_t>(n));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

Column numbers(const std::string& name, Shape shape) {
  Tensor tensor(Type(ElementType::f32, shape));
  float next = 0;
  for (float& value : tensor.values<float>()) value = next++;
  return {name, ColumnRole::feature, "", std::move(tensor)};
}

}  // namespace

TEST_CASE("digits and iris") {
  const DataSet digits = bundled_data_set("digits");
  CHECK(digits.rows() == 1797);
  CHECK(digits.test.size() == 359);
  CHECK(digits.training.size() == 1438);
  CHECK(digits.test.front() == 4);
  CHECK(digits.column("image").values.type() == Type(ElementType::f32, {1797, 8, 8, 1}));
  CHECK(digits.column("label").values.type() == Type(ElementType::i32, {1797}));
  CHECK(digits.column("image").values.number(2) == 5);
  double sum = 0;
  for (float pixel : digits.column("image").values.values<float>()) sum += static_cast<double>(pixel);
  CHECK(sum == 561718);  // numpy.sum(load_digits().data)
  std::vector<int> counts(10);
  for (int32_t label : digits.column("label").values.values<int32_t>())
    ++counts.at(static_cast<size_t>(label));
  CHECK(counts == std::vector<int>{178, 182, 177, 183, 181, 182, 181, 179, 174, 180});

  const DataSet iris = bundled_data_set("iris");
  CHECK(iris.rows() == 150);
  CHECK(iris.test.size() == 30);
  CHECK(iris.column("record").values.number(1) == Approx(3.5));
  CHECK(iris.column("label").values.number(149) == 2);
  CHECK_THAT(error_of(ErrorKind::program, [] { bundled_data_set("mnist"); }),
             Catch::Contains("bundled are digits, iris"));
}

TEST_CASE("columns are named, found and checked") {
  DataSet data = make_data_set("d", {numbers("a", {3, 2}), numbers("b", {3})});
  CHECK_THAT(error_of(ErrorKind::program, [&] { data.column("c"); }), Catch::Contains("it has a, b"));
  const std::vector<std::string> one = {"x"}, two = {"x", "_"};
  CHECK_THAT(error_of(ErrorKind::program, [&] { data.name_columns(one); }),
             Catch::Contains("2 columns (a, b)"));
  data.name_columns(two);
  CHECK(data.columns.size() == 1);
  CHECK(data.column("x").values.shape() == Shape{3, 2});
  CHECK_THROWS_AS(make_data_set("d", {}), Error);
  CHECK_THROWS_AS(make_data_set("d", {numbers("a", {})}), Error);
  for (const Shape& shape : {Shape{0, 2}, Shape{4, 0}, Shape{3, 0, 2}})
    CHECK_THAT(error_of(ErrorKind::program, [&] { make_data_set("d", {numbers("a", shape)}); }),
               Catch::Contains("column 'a' is f32" + to_string(shape) + ": an axis has no elements"));
  CHECK_THROWS_AS(make_data_set("d", {numbers("a", {2}), numbers("a", {2})}), Error);
  CHECK_THAT(error_of(ErrorKind::program, [] { make_data_set("d", {numbers("a", {2}), numbers("b", {3})}); }),
             Catch::Contains("'a' has 2 rows, column 'b' has 3"));
}

TEST_CASE("numbers that a column cannot be prepared with are an error instead of nan in every row") {
  const double nan = std::nan("");
  const auto prepared = [](const std::vector<double>& values, PreparationKind kind) {
    Column column{"a", ColumnRole::feature, "",
                  Tensor(Shape{static_cast<int64_t>(values.size()), 1}, values)};
    column.missing_is_mean = true;
    DataSet data = make_data_set("d", {std::move(column)});
    fit(kind, data);
    return data.columns[0].values.number(0);
  };
  CHECK(prepared({1, 3}, PreparationKind::standardize) == -1);
  for (const PreparationKind kind : {PreparationKind::standardize, PreparationKind::scale})
    CHECK_THAT(error_of(ErrorKind::program, [&] { prepared({1e308, -1e308}, kind); }),
               Catch::Contains("column 'a'"));
  CHECK_THAT(error_of(ErrorKind::program, [&] { prepared({nan, 1}, PreparationKind::standardize); }),
             Catch::Contains("column 'a'"));
  CHECK(prepared({nan, 1}, PreparationKind::fill_missing) == 1);
  CHECK_THAT(error_of(ErrorKind::program, [&] { prepared({nan, nan}, PreparationKind::fill_missing); }),
             Catch::Contains("column 'a'"));
  CHECK_THAT(error_of(ErrorKind::program,
                      [] {
                        DataSet data = make_data_set("d", {{"a", ColumnRole::feature, "",
                                                            Tensor(Shape{1, 1}, std::vector<double>{1e39})}});
                        set_precision(data, ElementType::f32);
                      }),
             Catch::Contains("column 'a': element 0 is 1e+39, which f32 cannot hold"));
}

TEST_CASE("padding, then standardizing") {
  DataSet digits = bundled_data_set("digits");
  pad_images(digits, 32);
  const Tensor& image = digits.column("image").values;
  CHECK(image.shape() == Shape{1797, 32, 32, 1});
  CHECK(image.number(12 * 32 + 12 + 2) == 5);
  CHECK(image.number(11 * 32 + 14) == 0);
  fit(PreparationKind::standardize, digits);
  double sum = 0, squares = 0;
  for (int64_t row : digits.training)
    for (int64_t i = 0; i < 1024; ++i) {
      const double value = digits.column("image").values.number(row * 1024 + i);
      sum += value;
      squares += value * value;
    }
  const double count = static_cast<double>(digits.training.size()) * 1024;
  CHECK(std::abs(sum / count) < 1e-6);
  CHECK(squares / count == Approx(1).epsilon(1e-5));
  CHECK(digits.column("label").values.number(1) == 1);

  DataSet iris = bundled_data_set("iris");
  set_precision(iris, ElementType::f64);
  fit(PreparationKind::standardize, iris);
  for (int64_t column = 0; column < 4; ++column) {
    double mean = 0;
    for (int64_t row : iris.training) mean += iris.column("record").values.number(row * 4 + column) / 120;
    CHECK(std::abs(mean) < 1e-12);
  }

  DataSet constant =
      make_data_set("c", {{"x", ColumnRole::feature, "", Tensor(Shape{2}, std::vector<float>{3, 3})}});
  fit(PreparationKind::standardize, constant);
  CHECK(constant.column("x").values.number(0) == 0);
  DataSet odd = make_data_set("o", {numbers("x", {1, 1, 2, 2})});
  pad_images(odd, 5);
  CHECK(odd.column("x").values.number((2 * 5 + 1) * 2) == 0);
  CHECK(odd.column("x").values.number((2 * 5 + 1) * 2 + 3) == 3);
  CHECK_THAT(error_of(ErrorKind::program, [&] { pad_images(odd, 4); }),
             Catch::Contains("5×5, which are larger"));
  CHECK_THAT(error_of(ErrorKind::program, [&] { pad_images(iris, 4); }), Catch::Contains("has no images"));
}

TEST_CASE("folds are the validation part in their turns") {
  const DataSet all = bundled_data_set("iris");
  std::set<int64_t> seen;
  for (int64_t fold = 0; fold < 7; ++fold) {
    DataSet data = all;
    hold_out_fold(data, 7, fold, 3);
    CHECK(data.training.size() + data.validation.size() == all.training.size());
    CHECK(data.validation.size() >= all.training.size() / 7);
    CHECK(data.validation.size() <= all.training.size() / 7 + 1);
    for (int64_t row : data.validation) CHECK(seen.insert(row).second);
  }
  CHECK(seen.size() == all.training.size());
  DataSet few = make_data_set("s", {numbers("x", {3})});
  for (int64_t bad : {int64_t{1}, int64_t{4}}) CHECK_THROWS_AS(hold_out_fold(few, bad, 0, 1), Error);
}

TEST_CASE("held-out rows are a seeded sample") {
  DataSet a = bundled_data_set("digits"), b = a, c = a;
  hold_out(a, {0.1, 0}, 1);
  hold_out(b, {0.1, 0}, 1);
  hold_out(c, {0.1, 0}, 2);
  CHECK(a.validation.size() == 144);
  CHECK(a.training.size() == 1438 - 144);
  CHECK(a.validation == b.validation);
  CHECK(a.training == b.training);
  CHECK(a.validation != c.validation);
  std::set<int64_t> all(a.training.begin(), a.training.end());
  all.insert(a.validation.begin(), a.validation.end());
  all.insert(a.test.begin(), a.test.end());
  CHECK(all.size() == 1797);
  CHECK(std::is_sorted(a.validation.begin(), a.validation.end()));
  CHECK_THAT(error_of(ErrorKind::program, [&] { hold_out(a, {0, 0.2}, 1); }),
             Catch::Contains("test part of its own"));
  DataSet small = make_data_set("s", {numbers("x", {10})});
  hold_out(small, {0.2, 0.3}, 1);
  CHECK(small.test.size() == 3);
  CHECK(small.validation.size() == 2);
  CHECK(small.training.size() == 5);
  for (double bad : {-0.1, 1.0, 1.5, std::nan("")})
    CHECK_THROWS_AS(hold_out(small, SplitOptions{bad, 0}, 1), Error);
  small.validation.clear();
  CHECK_THAT(error_of(ErrorKind::program, [&] { hold_out(small, {0.95, 0}, 1); }),
             Catch::Contains("would leave none"));
}

TEST_CASE("TRN-02 batches: the last one smaller, or left out") {
  CHECK(batch_count(1000, 100) == 10);
  CHECK(batch_count(1050, 100) == 11);
  CHECK(batch_count(1050, 100, true) == 10);
  CHECK(batch_count(1000, 100, true) == 10);
  CHECK(batch_count(50, 100, true) == 1);  // an epoch without a step would train nothing
  CHECK(batch_count(320, 32) == 10);
  CHECK(batch_rows(count_to(1050), 100, 10).size() == 50);
  CHECK(batch_rows(count_to(3), 100, 0).size() == 3);
  CHECK_THROWS_AS(batch_count(10, 0), Error);
  const std::vector<int64_t> rows = count_to(1000);
  const std::vector<int64_t> first = epoch_order(rows, 1, 1, true);
  CHECK(first == epoch_order(rows, 1, 1, true));
  CHECK(first != epoch_order(rows, 1, 2, true));
  CHECK(first != epoch_order(rows, 2, 1, true));
  CHECK(epoch_order(rows, 1, 1, false) == rows);
  CHECK(std::set<int64_t>(first.begin(), first.end()).size() == 1000);
  // Recorded: trained parameters, and so their digests, depend on the order.
  CHECK(epoch_order(count_to(8), 1, 1, true) == std::vector<int64_t>{0, 5, 2, 4, 3, 7, 1, 6});
  std::vector<int> places(5);
  for (int64_t epoch = 1; epoch <= 5000; ++epoch) {
    const std::vector<int64_t> order = epoch_order(count_to(5), 1, epoch, true);
    ++places[static_cast<size_t>(std::find(order.begin(), order.end(), 0) - order.begin())];
  }
  for (int count : places) CHECK(std::abs(count - 1000) < 150);
}

TEST_CASE("a data set from an NPZ file") {
  const auto arrays = [] {
    std::vector<NamedTensor> result;
    result.push_back({"x", Tensor(Shape{3, 2}, std::vector<float>{1, 2, 3, 4, 5, 6})});
    result.push_back({"y", Tensor(Shape{3}, std::vector<int64_t>{0, 1, 2})});
    result.push_back({"unused", Tensor::scalar(1.0)});
    return result;
  };
  const std::vector<std::string> wanted = {"y", "x", "_"};
  const DataSet plain = npz_data_set(arrays(), "a.npz", wanted);
  CHECK(plain.columns[0].name == "y");
  CHECK(plain.training == count_to(3));

  auto with_test = arrays();
  with_test.push_back({"x_test", Tensor(Shape{1, 2}, std::vector<float>{7, 8})});
  CHECK_THAT(error_of(ErrorKind::program, [&] { npz_data_set(with_test, "a.npz", wanted); }),
             Catch::Contains("some columns have a test part"));
  with_test.push_back({"y_test", Tensor(Shape{1}, std::vector<int64_t>{3})});
  const DataSet data = npz_data_set(with_test, "a.npz", wanted);
  CHECK(data.training == count_to(3));
  CHECK(data.test == std::vector<int64_t>{3});
  CHECK(data.column("x").values.number(7) == 8);
  auto no_test = with_test;
  no_test.back().value = Tensor(Type(ElementType::i64, {0}));
  CHECK_THAT(error_of(ErrorKind::program, [&] { npz_data_set(no_test, "a.npz", wanted); }),
             Catch::Contains("array 'y_test' is i64[0]: an axis has no elements"));
  with_test.back().value = Tensor(Shape{1}, std::vector<float>{3});
  CHECK_THAT(error_of(ErrorKind::program, [&] { npz_data_set(with_test, "a.npz", wanted); }),
             Catch::Contains("do not fit together"));
  const std::vector<std::string> missing = {"z"};
  CHECK_THAT(error_of(ErrorKind::program, [&] { npz_data_set(arrays(), "a.npz", missing); }),
             Catch::Contains("has no array 'z'; it has x, y, unused"));
}

TEST_CASE("a preparation is done to other rows as it was to those it was fitted on") {
  DataSet digits = bundled_data_set("digits");
  const DataSet raw = digits;
  Preparation preparation;
  preparation.pad_to = 10;
  pad_images(digits, 10);
  preparation.steps = fit(PreparationKind::standardize, digits);
  const std::string text = to_json(preparation);
  DataSet again = raw;
  apply(preparation_from_json(text, "text"), again);
  const auto found = again.columns[0].values.values<float>(),
             expected = digits.columns[0].values.values<float>();
  CHECK(std::equal(found.begin(), found.end(), expected.begin(), expected.end()));
  // Whole numbers stand for the floats that were fitted.
  DataSet whole =
      make_data_set("w", {{"x", ColumnRole::target, "", Tensor(Shape{2, 1}, std::vector<int64_t>{1, 3})}});
  Preparation step{0, {{PreparationKind::standardize, "x", {{1, 2}}}}};
  apply(step, whole);
  CHECK(whole.columns[0].values.number(1) == 1);
  step.steps[0].groups.push_back({0, 1});
  CHECK_THAT(error_of(ErrorKind::program, [&] { apply(step, whole); }), Catch::Contains("had 2"));
  for (const char* bad :
       {"{}", "[]", "{\"pad_to\":-1,\"steps\":[]}", "{\"pad_to\":0,\"steps\":[{}]}",
        "{\"pad_to\":0,\"steps\":[{\"kind\":\"scale\",\"column\":\"x\",\"groups\":[[1,0]]}]}",
        "{\"pad_to\":0,\"steps\":[{\"kind\":\"scale\",\"column\":\"x\",\"groups\":[]}]}"})
    CHECK_THAT(error_of(ErrorKind::program, [&] { preparation_from_json(bad, "text"); }),
               Catch::Contains("text"));
}
