#include "runtime/data/image.h"

#include <filesystem>
#include <fstream>

#include "runtime/data/png.h"
#include "runtime/data/vocabulary.h"
#include "tests/runtime/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

Tensor pixels(Shape shape, std::vector<uint8_t> values) { return Tensor(std::move(shape), values); }

// Two classes, b with two grey images and a with two in colour, in this order by name: a, b.
void write_classes(const TemporaryFolder& folder) {
  for (const char* name : {"a", "b"}) std::filesystem::create_directory(folder.file(name));
  write_png(folder.file("b/1.png"), pixels({2, 2, 1}, {0, 51, 102, 255}));
  write_png(folder.file("b/2.png"), pixels({2, 2, 1}, {1, 2, 3, 4}));
  write_png(folder.file("a/1.png"), pixels({1, 1, 3}, {255, 0, 51}));
  write_png(folder.file("a/2.png"), pixels({1, 1, 3}, {0, 0, 0}));
}

}  // namespace

TEST_CASE("PNG: grey and colour, written and read") {
  const TemporaryFolder folder;
  for (const Tensor& image :
       {pixels({2, 3, 1}, {0, 1, 2, 253, 254, 255}), pixels({1, 2, 3}, {255, 0, 7, 9, 128, 64})}) {
    write_png(folder.file("a.png"), image);
    CHECK(same_bits(parse_png(read_file(folder.file("a.png")), "a.png"), image));
  }
  CHECK(folder.entries() == 1);
  const std::string file = text_of(read_file(folder.file("a.png")));
  const auto message = [](const std::string& damaged) {
    return error_of(ErrorKind::program, [&] { parse_png(bytes_of(damaged), "a.png"); });
  };
  CHECK_THAT(message("GIF89a"), Catch::Contains("a.png: not a readable PNG file"));
  CHECK_THAT(message(file.substr(0, file.size() - 20)), Catch::Contains("not a readable PNG file"));
  std::string flipped = file;
  flipped[flipped.size() - 18] ^= 1;
  message(flipped);
}

TEST_CASE("images as a grid: clamped, rounded, one pixel apart") {
  const Tensor images(Shape{3, 1, 1, 1}, std::vector<float>{-1.0F, 0.5F, 2.0F});
  const Tensor grid = image_grid(images);
  CHECK(same_bits(grid, pixels({3, 3, 1}, {0, 0, 128, 0, 0, 0, 255, 0, 0})));
  CHECK_THAT(error_of(ErrorKind::program, [] { image_grid(Tensor(Shape{2}, std::vector<float>{1, 2})); }),
             Catch::Contains("images are needed, found f32[2]"));
}

TEST_CASE("resizing: bilinear up, averaged down, constants stay") {
  const Tensor two = pixels({1, 2, 1}, {0, 255});
  const Tensor four = resized(two, 1, 4);
  CHECK(four.number(0) == 0);
  CHECK(four.number(1) == Approx(0.25));
  CHECK(four.number(2) == Approx(0.75));
  CHECK(four.number(3) == 1);
  const Tensor half = resized(pixels({2, 2, 1}, {0, 255, 255, 0}), 1, 1);
  CHECK(half.number(0) == Approx(0.5));
  Tensor constant = resized(pixels({3, 5, 1}, std::vector<uint8_t>(15, 51)), 7, 2);
  for (float value : constant.values<float>()) CHECK(value == Approx(0.2));
}

TEST_CASE("image folders: classes by name, one shape, three channels if any image has colour") {
  const TemporaryFolder folder;
  write_classes(folder);
  const DataSet data = image_folder_data_set(folder.path(), {2, {}});
  CHECK(data.column("image").values.type() == Type(ElementType::f32, {4, 2, 2, 3}));
  const auto values = data.column("image").values.values<float>();
  CHECK(values[0] == 1.0F);
  CHECK(values[2] == 0.2F);
  CHECK(values[24 + 3] == 0.2F);  // second pixel of b/1.png, repeated
  CHECK(values[24 + 5] == 0.2F);
  const Column& label = data.column("label");
  CHECK(label.vocabulary == std::vector<std::string>{"a", "b"});
  CHECK(label.values.number(1) == 0);
  CHECK(label.values.number(2) == 1);
  CHECK(image_folder_data_set(folder.path(), {2, 1}).column("image").values.number(0) ==
        Approx(0.299 + 0.0228));
  CHECK_THAT(error_of(ErrorKind::program, [&] { image_folder_data_set(folder.path(), {}); }),
             Catch::Contains("b/1.png: the image has 2×2 pixels, those before it 1×1"));
}

TEST_CASE("image folders: no image is left out without a word") {
  const TemporaryFolder folder;
  write_classes(folder);
  write_png(folder.file("a/3.PNG"), pixels({1, 1, 3}, {0, 0, 0}));
  std::ofstream(folder.file("a/.hidden.jpg")) << "a thumbnail";
  std::ofstream(folder.file("a/notes.txt")) << "no image";
  ImageOptions options;
  options.size = 2;
  CHECK(image_folder_data_set(folder.path(), options).training.size() == 5);
  for (const char* name : {"b/3.jpg", "b/4.JPEG"}) {
    std::ofstream(folder.file(name)) << "not read";
    CHECK_THAT(error_of(ErrorKind::program, [&] { image_folder_data_set(folder.path(), options); }),
               Catch::Contains(std::string(name) + ": a ."));
    std::filesystem::remove(folder.file(name));
  }
}

TEST_CASE("image folders: images of no class are refused") {
  const TemporaryFolder folder;
  write_classes(folder);
  std::filesystem::create_directory(folder.file("a/more"));
  std::ofstream(folder.file("notes.txt")) << "no image";
  ImageOptions options;
  options.size = 2;
  CHECK(image_folder_data_set(folder.path(), options).training.size() == 4);
  for (const auto& [name, message] :
       {std::pair{"c.png", "c.png: an image beside the folders of the classes"},
        {"c.jpg", "c.jpg: a .jpg file among the images"},
        {"a/more/3.png", "3.png: an image in a folder inside of a class's folder"}}) {
    write_png(folder.file(name), pixels({1, 1, 3}, {0, 0, 0}));
    CHECK_THAT(error_of(ErrorKind::program, [&] { image_folder_data_set(folder.path(), options); }),
               Catch::Contains(message));
    CHECK_THAT(error_of(ErrorKind::program, [&] { triplets_data_set(folder.path(), options, 1); }),
               Catch::Contains(message));
    std::filesystem::remove(folder.file(name));
  }
}

TEST_CASE("image folders: names of classes may be any bytes") {
  const TemporaryFolder folder;
  for (const char* name : {"caf\xe9", "\x1b[31mred"}) {
    std::filesystem::create_directory(folder.file(name));
    write_png(folder.file(name) + "/1.png", pixels({1, 1, 1}, {51}));
  }
  const DataSet data = image_folder_data_set(folder.path(), {});
  CHECK(data.column("label").vocabulary == std::vector<std::string>{"\\x1b[31mred", "caf\\xe9"});
  CHECK_THAT(vocabularies_as_json(data), Catch::Contains("caf\\\\xe9"));
}

TEST_CASE("triplets: positive of the same class and another image, negative of another class") {
  const TemporaryFolder folder;
  write_classes(folder);
  const DataSet data = triplets_data_set(folder.path(), {1, 1}, 7);
  CHECK(data.rows() == 4);
  const Tensor& anchor = data.column("anchor").values;
  const Tensor& positive = data.column("positive").values;
  const Tensor& negative = data.column("negative").values;
  for (int64_t i = 0; i < 4; ++i) {
    CHECK(positive.number(i) == anchor.number(i ^ 1));
    const int64_t other = i < 2 ? 2 : 0;
    CHECK((negative.number(i) == anchor.number(other) || negative.number(i) == anchor.number(other + 1)));
  }
  std::filesystem::remove_all(folder.file("b"));
  CHECK_THAT(error_of(ErrorKind::program, [&] { triplets_data_set(folder.path(), {1, 1}, 7); }),
             Catch::Contains("there is only 'a'"));
}
