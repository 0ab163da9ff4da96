#include "runtime/data/png.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "ir/error.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

// libpng's own bookkeeping, freed on every way out.
class PngImage {
 public:
  PngImage() { image_.version = PNG_IMAGE_VERSION; }
  ~PngImage() { png_image_free(&image_); }
  PngImage(const PngImage&) = delete;
  PngImage& operator=(const PngImage&) = delete;
  png_image* get() { return &image_; }
  png_image* operator->() { return &image_; }

 private:
  png_image image_{};
};

constexpr uint64_t most_pixels = uint64_t{1} << 28;

uint8_t byte_of(double value) {
  if (!(value > 0)) return 0;  // also for NaN
  return static_cast<uint8_t>(std::floor(std::min(value, 1.0) * 255 + 0.5));
}

// What says how bright the stored numbers are: libpng would change them for it.
bool is_about_brightness(std::string_view kind) {
  return kind == "gAMA" || kind == "cHRM" || kind == "sRGB" || kind == "iCCP";
}

// The file without such chunks; from what is no chunk on, libpng says what is wrong.
Bytes without_brightness(ByteView file) {
  constexpr size_t signature = 8, around = 12;  // length, kind and checksum of a chunk
  Bytes kept;
  const auto keep = [&](size_t from, size_t size) {
    const ByteView bytes = file.subspan(from, size);
    kept.insert(kept.end(), bytes.begin(), bytes.end());
  };
  size_t at = std::min(signature, file.size());
  keep(0, at);
  while (file.size() - at >= around) {
    const auto* chunk = reinterpret_cast<const png_byte*>(file.data()) + at;
    const uint64_t length = png_get_uint_32(chunk);
    if (length > file.size() - at - around) break;
    const size_t size = around + length;
    if (!is_about_brightness({reinterpret_cast<const char*>(chunk) + 4, 4})) keep(at, size);
    at += size;
  }
  keep(at, file.size() - at);
  return kept;
}

// The stored numbers on black: each times its part of opaqueness.
Tensor on_black(const Tensor& pixels) {
  const Shape& shape = pixels.shape();
  const auto channels = static_cast<size_t>(shape[2]);
  Tensor drawn(Type(ElementType::u8, {shape[0], shape[1], shape[2] - 1}));
  const auto from = pixels.values<uint8_t>();
  auto to = drawn.values<uint8_t>().begin();
  for (size_t at = 0; at < from.size(); at += channels) {
    const int alpha = from[at + channels - 1];
    for (size_t c = 0; c + 1 < channels; ++c)
      *to++ = static_cast<uint8_t>((from[at + c] * alpha + 127) / 255);
  }
  return drawn;
}

}  // namespace

Tensor parse_png(ByteView file, const std::string& name) {
  const Bytes plain = without_brightness(file);
  PngImage image;
  const auto fail = [&] {
    fail_program(fmt::format("{}: not a readable PNG file: {}", name, image->message));
  };
  if (!png_image_begin_read_from_memory(image.get(), plain.data(), plain.size())) fail();
  const uint64_t pixels = uint64_t{image->width} * image->height;
  // A compressed byte stands for at most 1,032, and a pixel has at least one bit.
  if (pixels > most_pixels || pixels / 8 / 1032 > file.size())
    fail_program(fmt::format("{}: the PNG file of {} bytes claims {}×{} pixels", name, file.size(),
                             image->width, image->height));
  const bool color = (image->format & PNG_FORMAT_FLAG_COLOR) != 0;
  const bool alpha = (image->format & PNG_FORMAT_FLAG_ALPHA) != 0;
  const int channels = color ? 3 : 1, stored = channels + (alpha ? 1 : 0);
  // The bytes, those drawn on black, and the numbers that are made of them.
  require_memory({fmt::format("{}: an image of {}×{} pixels", name, image->width, image->height),
                  static_cast<double>(pixels) * (stored + channels * (1 + 2.0 * sizeof(float)))});
  image->format = (color ? PNG_FORMAT_FLAG_COLOR : 0U) | (alpha ? PNG_FORMAT_FLAG_ALPHA : 0U);
  // Samples of 16 bits would be taken for linear light otherwise, those of 8 never are.
  image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  Tensor tensor(Type(ElementType::u8, {image->height, image->width, stored}));
  if (!png_image_finish_read(image.get(), nullptr, tensor.data(), 0, nullptr)) fail();
  return alpha ? on_black(tensor) : tensor;
}

void write_png(const std::string& path, const Tensor& pixels) {
  const Shape& shape = pixels.shape();
  if (pixels.element() != ElementType::u8 || shape.size() != 3 || (shape[2] != 1 && shape[2] != 3))
    fail_internal(fmt::format("write_png: {}", to_string(pixels.type())));
  constexpr int64_t most = std::numeric_limits<int32_t>::max();
  if (shape[0] < 1 || shape[1] < 1 || shape[0] > most || shape[1] > most || pixels.size() > most)
    fail_program(fmt::format("{}: a PNG file cannot hold {}×{} pixels", path, shape[0], shape[1]));
  PngImage image;
  image->height = static_cast<png_uint_32>(shape[0]);
  image->width = static_cast<png_uint_32>(shape[1]);
  image->format = shape[2] == 3 ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(*image.get());
  Bytes bytes(size);
  if (!png_image_write_to_memory(image.get(), bytes.data(), &size, 0, pixels.data(), 0, nullptr))
    fail_program(fmt::format("{}: the picture cannot be written: {}", path, image->message));
  const ByteView pieces[] = {ByteView(bytes).subspan(0, size)};
  write_file_atomically(path, pieces);
}

Tensor image_grid(const Tensor& images) {
  const Shape& shape = images.shape();
  if (shape.size() != 4 || !is_float(images.element()) || (shape[3] != 1 && shape[3] != 3) || shape[0] < 1)
    fail_program(fmt::format("images are needed, found {}", to_string(images.type())), {},
                 "the shape of images is [count, height, width, 1 or 3], their values are from 0 to 1");
  const int64_t columns = static_cast<int64_t>(std::ceil(std::sqrt(static_cast<double>(shape[0]))));
  const int64_t rows = (shape[0] + columns - 1) / columns;
  const int64_t height = shape[1], width = shape[2], channels = shape[3];
  Tensor grid(Type(ElementType::u8, {rows * (height + 1) - 1, columns * (width + 1) - 1, channels}));
  const Tensor numbers = converted(images, ElementType::f64, "images");
  const auto from = numbers.values<double>();
  const auto to = grid.values<uint8_t>();
  size_t at = 0;
  for (int64_t n = 0; n < shape[0]; ++n)
    for (int64_t h = 0; h < height; ++h) {
      const int64_t row = n / columns * (height + 1) + h, column = n % columns * (width + 1);
      auto target = static_cast<size_t>((row * grid.shape()[1] + column) * channels);
      for (int64_t i = 0; i < width * channels; ++i) to[target++] = byte_of(from[at++]);
    }
  return grid;
}

}  // namespace gradus
