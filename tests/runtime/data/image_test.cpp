#include "runtime/data/image.h"

#include <zlib.h>

#include <filesystem>
#include <fstream>

#include "runtime/data/png.h"
#include "runtime/data/vocabulary.h"
#include "tests/runtime/data/helpers.h"

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

namespace {

std::string big_endian(size_t number) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(number >> shift & 255);
  return text;
}

std::string chunk(const std::string& kind, const std::string& body) {
  const std::string text = kind + body;
  const auto sum = crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size()));
  return big_endian(body.size()) + text + big_endian(sum);
}

// A file of `width` pixels in one row, `bits` for a sample; `extra` are chunks before the pixels.
Tensor parsed(uint32_t width, char bits, char color, std::string row, const std::string& extra = "") {
  row.insert(0, 1, '\0');  // unfiltered
  std::string packed(compressBound(row.size()), '\0');
  uLongf size = packed.size();
  compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(row.data()),
           row.size());
  packed.resize(size);
  return parse_png(
      bytes_of("\x89PNG\r\n\x1a\n" +
               chunk("IHDR", big_endian(width) + big_endian(1) + bits + color + std::string(3, '\0')) +
               extra + chunk("IDAT", packed) + chunk("IEND", "")),
      "a.png");
}

std::string bytes(std::initializer_list<int> values) {
  std::string text;
  for (const int value : values) text += static_cast<char>(value);
  return text;
}

constexpr char grey = 0, rgb = 2, palette = 3, grey_alpha = 4, rgb_alpha = 6;

}  // namespace

TEST_CASE("PNG: samples of any width are the stored numbers, 16 bits rounded to 8") {
  CHECK(same_bits(parsed(4, 16, grey, bytes({0x80, 0, 0xff, 0xff, 0, 0x80, 0, 0x81})),
                  pixels({1, 4, 1}, {128, 255, 0, 1})));
  std::string all;
  std::vector<uint8_t> expected;
  for (int value = 0; value < 256; ++value) {
    all += bytes({value, value});  // 257 times the value
    expected.push_back(static_cast<uint8_t>(value));
  }
  CHECK(same_bits(parsed(256, 16, grey, all), pixels({1, 256, 1}, expected)));
  CHECK(same_bits(parsed(1, 16, rgb, bytes({0x80, 0, 0x40, 0, 0, 0xff})), pixels({1, 1, 3}, {128, 64, 1})));
  CHECK(same_bits(parsed(8, 1, grey, bytes({0xa0})), pixels({1, 8, 1}, {255, 0, 255, 0, 0, 0, 0, 0})));
  CHECK(same_bits(parsed(2, 4, grey, bytes({0x7f})), pixels({1, 2, 1}, {119, 255})));
  const std::string colors = chunk("PLTE", bytes({10, 20, 30, 200, 100, 50}));
  CHECK(
      same_bits(parsed(2, 8, palette, bytes({1, 0}), colors), pixels({1, 2, 3}, {200, 100, 50, 10, 20, 30})));
}

TEST_CASE("PNG: transparent pixels are drawn on black, stored number by stored number") {
  CHECK(same_bits(parsed(3, 8, grey_alpha, bytes({255, 128, 255, 0, 100, 255})),
                  pixels({1, 3, 1}, {128, 0, 100})));
  CHECK(same_bits(parsed(1, 8, rgb_alpha, bytes({255, 128, 3, 128})), pixels({1, 1, 3}, {128, 64, 2})));
  CHECK(same_bits(parsed(1, 16, grey_alpha, bytes({255, 255, 128, 0})), pixels({1, 1, 1}, {128})));
  CHECK(same_bits(parsed(1, 16, rgb_alpha, bytes({0x80, 0, 0x80, 0, 0, 0, 0xff, 0xff})),
                  pixels({1, 1, 3}, {128, 128, 0})));
  // A palette whose first colour is half transparent, and a colour that stands for nothing.
  const std::string colors = chunk("PLTE", bytes({200, 100, 50, 10, 20, 30})) + chunk("tRNS", bytes({128}));
  CHECK(
      same_bits(parsed(2, 8, palette, bytes({0, 1}), colors), pixels({1, 2, 3}, {100, 50, 25, 10, 20, 30})));
  CHECK(
      same_bits(parsed(2, 8, grey, bytes({7, 8}), chunk("tRNS", bytes({0, 7}))), pixels({1, 2, 1}, {0, 8})));
  // Exactly that number of 16 bits, not its neighbours.
  CHECK(same_bits(parsed(2, 16, grey, bytes({0x80, 0, 0x80, 1}), chunk("tRNS", bytes({0x80, 0}))),
                  pixels({1, 2, 1}, {0, 128})));
}

TEST_CASE("PNG: what the file says of brightness changes no number") {
  const std::string gammas[] = {chunk("gAMA", big_endian(100000)), chunk("gAMA", big_endian(22000)),
                                chunk("sRGB", bytes({0})),
                                chunk("gAMA", big_endian(100000)) + chunk("tEXt", bytes({'a', 0, 'b'}))};
  for (const std::string& gamma : gammas) {
    CHECK(same_bits(parsed(2, 8, grey, bytes({128, 3}), gamma), pixels({1, 2, 1}, {128, 3})));
    CHECK(same_bits(parsed(1, 16, rgb, bytes({0x80, 0, 0x40, 0, 0, 0xff}), gamma),
                    pixels({1, 1, 3}, {128, 64, 1})));
    CHECK(same_bits(parsed(1, 8, grey_alpha, bytes({255, 128}), gamma), pixels({1, 1, 1}, {128})));
    CHECK(same_bits(parsed(1, 8, palette, bytes({0}), gamma + chunk("PLTE", bytes({200, 100, 50}))),
                    pixels({1, 1, 3}, {200, 100, 50})));
  }
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
