#include "runtime/data/png.h"

#include <fmt/format.h>
#include <png.h>

#include <algorithm>
#include <cmath>
#include <limits>

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

}  // namespace

Tensor parse_png(ByteView file, const std::string& name) {
  PngImage image;
  const auto fail = [&] {
    fail_program(fmt::format("{}: not a readable PNG file: {}", name, image->message));
  };
  if (!png_image_begin_read_from_memory(image.get(), file.data(), file.size())) fail();
  const uint64_t pixels = uint64_t{image->width} * image->height;
  // A compressed byte stands for at most 1,032, and a pixel has at least one bit.
  if (pixels > most_pixels || pixels / 8 / 1032 > file.size())
    fail_program(fmt::format("{}: the PNG file of {} bytes claims {}×{} pixels", name, file.size(),
                             image->width, image->height));
  // The bytes, and the numbers that are made of them.
  require_memory({fmt::format("{}: an image of {}×{} pixels", name, image->width, image->height),
                  static_cast<double>(pixels) * 3 * (1 + 2 * sizeof(float))});
  const bool color = (image->format & PNG_FORMAT_FLAG_COLOR) != 0;
  image->format = color ? PNG_FORMAT_RGB : PNG_FORMAT_GRAY;
  Tensor tensor(Type(ElementType::u8, {image->height, image->width, color ? 3 : 1}));
  const png_color black{0, 0, 0};
  if (!png_image_finish_read(image.get(), &black, tensor.data(), 0, nullptr)) fail();
  return tensor;
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
