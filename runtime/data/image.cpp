#include "runtime/data/image.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <filesystem>

#include "ir/error.h"
#include "ir/random.h"
#include "ir/shown_text.h"
#include "runtime/data/combine.h"
#include "runtime/data/png.h"
#include "runtime/data/text_file.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

namespace files = std::filesystem;

// The source elements below one target element, and their weights.
struct Taps {
  size_t first = 0;
  std::vector<float> weights;
};

std::vector<Taps> taps_of(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to);
  const double reach = std::max(scale, 1.0);
  std::vector<Taps> all;
  for (int64_t i = 0; i < to; ++i) {
    const double center = (static_cast<double>(i) + 0.5) * scale - 0.5;
    const auto first = std::max<int64_t>(0, static_cast<int64_t>(std::ceil(center - reach)));
    const auto last = std::min<int64_t>(from - 1, static_cast<int64_t>(std::floor(center + reach)));
    std::vector<double> weights;
    double sum = 0;
    for (int64_t at = first; at <= last; ++at) {
      weights.push_back(std::max(0.0, 1 - std::abs(static_cast<double>(at) - center) / reach));
      sum += weights.back();
    }
    Taps taps{static_cast<size_t>(first), {}};
    for (double weight : weights) taps.weights.push_back(static_cast<float>(weight / sum));
    all.push_back(std::move(taps));
  }
  return all;
}

// Resamples the middle one of three axes.
std::vector<float> resample(const std::vector<float>& from, size_t outer, size_t extent, size_t inner,
                            const std::vector<Taps>& taps) {
  std::vector<float> to(outer * taps.size() * inner);
  for (size_t o = 0; o < outer; ++o)
    for (size_t i = 0; i < taps.size(); ++i)
      for (size_t k = 0; k < taps[i].weights.size(); ++k) {
        const float weight = taps[i].weights[k];
        const float* source = from.data() + (o * extent + taps[i].first + k) * inner;
        float* target = to.data() + (o * taps.size() + i) * inner;
        for (size_t c = 0; c < inner; ++c) target[c] += weight * source[c];
      }
  return to;
}

// Writes pixels from 0 to 1 in the wanted number of channels; grey is repeated, colour becomes luminance.
void store(const Tensor& pixels, int64_t channels, std::span<float> to) {
  const auto found = static_cast<size_t>(pixels.shape()[2]);
  const auto from = pixels.values<float>();
  const auto wanted = static_cast<size_t>(channels);
  const size_t count = from.size() / found;
  for (size_t i = 0; i < count; ++i) {
    const float* pixel = from.data() + i * found;
    if (found == wanted)
      std::copy_n(pixel, found, to.data() + i * wanted);
    else if (found == 1)
      std::fill_n(to.data() + i * wanted, wanted, pixel[0]);
    else  // ITU-R BT.601
      to[i] = 0.299F * pixel[0] + 0.587F * pixel[1] + 0.114F * pixel[2];
  }
}

std::string extension(const files::path& path) {
  std::string text = path.extension().string();
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

// Left out, they would be missing from the data without a word.
void refuse_other_image(const files::path& path) {
  constexpr std::string_view others[] = {".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".heic"};
  const std::string found = extension(path);
  if (std::find(std::begin(others), std::end(others), found) != std::end(others))
    fail_program(fmt::format("{}: a {} file among the images", path.string(), found), {},
                 "images are read from PNG files; convert it, or move it elsewhere");
}

std::vector<std::string> entries(const std::string& folder, bool folders) {
  std::vector<std::string> found;
  std::error_code error;
  for (files::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with('.')) continue;
    std::error_code ignored;
    if (folders ? !at->is_directory(ignored) : !at->is_regular_file(ignored)) continue;
    if (!folders) refuse_other_image(at->path());
    if (folders || extension(at->path()) == ".png") found.push_back(name);
  }
  if (error)
    fail_environment(fmt::format("{}: cannot read the folder: {}", folder, error.message()), {},
                     "check the spelling of the path; it is relative to the program's file");
  std::sort(found.begin(), found.end());
  return found;
}

// Images that belong to no class would be missing, too.
void refuse_images_in(const std::string& folder, const std::string& place) {
  if (const std::vector<std::string> names = entries(folder, false); !names.empty())
    fail_program(fmt::format("{}/{}: an image {}", folder, names.front(), place), {},
                 "each class has a folder of its own: flowers/rose/1.png");
}

struct Labelled {
  std::vector<std::string> classes;
  std::vector<std::string> paths;
  std::vector<int32_t> labels;
};

Labelled images_by_class(const std::string& folder) {
  Labelled all;
  all.classes = entries(folder, true);
  for (size_t label = 0; label < all.classes.size(); ++label) {
    const std::string below = folder + "/" + all.classes[label];
    const std::vector<std::string> names = entries(below, false);
    if (names.empty())
      fail_program(
          fmt::format("{}: there is no .png file in this class's folder", below), {},
          entries(below, true).empty()
              ? "images are read from PNG files; convert others first"
              : "parts of a set are called `train` and `test`, and there are no others: flowers/train/"
                "rose/1.png; split(validation: 0.1) takes the validation part from `train`");
    for (const std::string& inner : entries(below, true))
      refuse_images_in(below + "/" + inner, "in a folder inside of a class's folder");
    for (const std::string& name : names) {
      all.paths.push_back(below + "/" + name);
      all.labels.push_back(static_cast<int32_t>(label));
    }
  }
  // The file system's names may be any bytes; as texts of ids they go into files and messages.
  for (std::string& name : all.classes) name = printable(name);
  if (all.paths.empty())
    fail_program(fmt::format("{}: there are no sub-folders with images", folder), {},
                 "each class has a folder of its own: flowers/rose/1.png");
  refuse_images_in(folder, "beside the folders of the classes");
  return all;
}

// The classes get the numbers that they have in a list of all.
void number_by(const std::vector<std::string>& classes, const std::string& folder, Labelled& all) {
  std::vector<int32_t> numbers;
  for (const std::string& name : all.classes) {
    const auto known = std::find(classes.begin(), classes.end(), name);
    if (known == classes.end())
      fail_program(fmt::format("{}: the model knows no class {}", folder, shown(name)), {},
                   fmt::format("it was trained on {}", listed(classes)));
    numbers.push_back(static_cast<int32_t>(known - classes.begin()));
  }
  for (int32_t& label : all.labels) label = numbers[static_cast<size_t>(label)];
  all.classes = classes;
}

DataSet labelled_data_set(const std::string& folder, const ImageOptions& options,
                          const std::vector<std::string>& classes) {
  Labelled all = images_by_class(folder);
  if (!classes.empty()) number_by(classes, folder, all);
  Column label{"label", ColumnRole::target, "the number of the sub-folder",
               Tensor(Shape{static_cast<int64_t>(all.labels.size())}, all.labels), std::move(all.classes)};
  std::vector<Column> columns;
  columns.push_back(image_column("image", all.paths, options));
  columns.push_back(std::move(label));
  return make_data_set(folder, std::move(columns));
}

// A number below `count` that depends on seed, row and purpose only.
size_t drawn(int64_t seed, size_t row, std::string_view purpose, size_t count) {
  const random::Draw draw{seed, 0, random::site(purpose, 0), 0};
  return static_cast<size_t>((uint64_t{random::bits(draw, static_cast<int64_t>(row))} * count) >> 32);
}

}  // namespace

Tensor resized(const Tensor& pixels, int64_t height, int64_t width) {
  const auto old_height = static_cast<size_t>(pixels.shape()[0]),
             old_width = static_cast<size_t>(pixels.shape()[1]),
             channels = static_cast<size_t>(pixels.shape()[2]);
  std::vector<float> values;
  values.reserve(static_cast<size_t>(pixels.size()));
  for (const uint8_t byte : pixels.values<uint8_t>()) values.push_back(static_cast<float>(byte) / 255.0F);
  if (width != pixels.shape()[1])
    values = resample(values, old_height, old_width, channels, taps_of(pixels.shape()[1], width));
  if (height != pixels.shape()[0])
    values = resample(values, 1, old_height, static_cast<size_t>(width) * channels,
                      taps_of(pixels.shape()[0], height));
  return Tensor(Shape{height, width, pixels.shape()[2]}, values);
}

namespace {

// Of all images as they are kept, and of the column that is made of them.
void require_images(const std::string& name, size_t files, int64_t height, int64_t width, int64_t channels) {
  require_memory({fmt::format("column '{}': {} images of {}×{} pixels", name, files, height, width),
                  2.0 * sizeof(float) * static_cast<double>(files) * static_cast<double>(channels) *
                      static_cast<double>(height) * static_cast<double>(width),
                  {},
                  "a smaller `size` takes less"});
}

}  // namespace

Column image_column(const std::string& name, const std::vector<std::string>& paths,
                    const ImageOptions& options) {
  // Resized one by one, so that large photographs are never in memory together.
  std::vector<Tensor> images;
  int64_t channels = options.channels.value_or(1);
  for (const std::string& path : paths) {
    const Tensor pixels = parse_png(read_file(path), path);
    const Shape& shape = pixels.shape();
    if (images.empty())
      require_images(name, paths.size(), options.size.value_or(shape[0]), options.size.value_or(shape[1]),
                     options.channels.value_or(shape[2]));
    if (!options.size && !images.empty() &&
        (shape[0] != images.front().shape()[0] || shape[1] != images.front().shape()[1]))
      fail_program(fmt::format("{}: the image has {}×{} pixels, those before it {}×{}", path, shape[0],
                               shape[1], images.front().shape()[0], images.front().shape()[1]),
                   {}, "bring all images to one size with size: 64");
    if (!options.channels) channels = std::max(channels, shape[2]);
    images.push_back(resized(pixels, options.size.value_or(shape[0]), options.size.value_or(shape[1])));
  }
  if (images.empty()) fail_program(fmt::format("column '{}' has no images", name));
  Type type(ElementType::f32, {static_cast<int64_t>(images.size()), images.front().shape()[0],
                               images.front().shape()[1], channels});
  Tensor values(type);
  const size_t width = static_cast<size_t>(element_count(row_shape(type)));
  for (size_t i = 0; i < images.size(); ++i) {
    store(images[i], channels, values.values<float>().subspan(i * width, width));
    images[i] = Tensor();
  }
  return {name, ColumnRole::feature, "pixels, 0 … 1", std::move(values)};
}

std::vector<std::string> image_files_below(const std::string& folder) {
  std::vector<std::string> found;
  for (const std::string& name : entries(folder, false)) found.push_back(folder + "/" + name);
  for (const std::string& inner : entries(folder, true))
    for (std::string& path : image_files_below(folder + "/" + inner)) found.push_back(std::move(path));
  std::sort(found.begin(), found.end());
  return found;
}

DataSet image_folder_data_set(const std::string& folder, const ImageOptions& options,
                              const std::vector<std::string>& classes) {
  if (entries(folder, true) == std::vector<std::string>{"test", "train"}) {
    refuse_images_in(folder, "beside the folders `train` and `test`");
    DataSet training = labelled_data_set(folder + "/train", options, classes);
    DataSet test = labelled_data_set(folder + "/test", options, training.column("label").vocabulary);
    return with_test_part(std::move(training), std::move(test));
  }
  return labelled_data_set(folder, options, classes);
}

DataSet triplets_data_set(const std::string& folder, const ImageOptions& options, int64_t seed) {
  const Labelled all = images_by_class(folder);
  std::vector<std::vector<int64_t>> members(all.classes.size());
  for (size_t i = 0; i < all.labels.size(); ++i)
    members[static_cast<size_t>(all.labels[i])].push_back(static_cast<int64_t>(i));
  if (members.size() < 2)
    fail_program(
        fmt::format("{}: triplets need two classes, there is only '{}'", folder, all.classes.front()));
  for (size_t i = 0; i < members.size(); ++i)
    if (members[i].size() < 2)
      fail_program(
          fmt::format("{}: triplets need two images of every class, '{}' has one", folder, all.classes[i]));
  std::vector<int64_t> rows, positive, negative;
  for (size_t i = 0; i < all.labels.size(); ++i) {
    const std::vector<int64_t>& own = members[static_cast<size_t>(all.labels[i])];
    // Classes lie together: the place within the class, and the first image after it.
    const auto place = i - static_cast<size_t>(own.front());
    const size_t step = 1 + drawn(seed, i, "data.triplets.positive", own.size() - 1);
    const size_t others = all.labels.size() - own.size();
    const size_t other = drawn(seed, i, "data.triplets.negative", others);
    rows.push_back(static_cast<int64_t>(i));
    positive.push_back(own[(place + step) % own.size()]);
    negative.push_back(
        static_cast<int64_t>((static_cast<size_t>(own.back()) + 1 + other) % all.labels.size()));
  }
  const Column images = image_column("anchor", all.paths, options);
  std::vector<Column> columns;
  const std::pair<const char*, const std::vector<int64_t>*> parts[] = {
      {"anchor", &rows}, {"positive", &positive}, {"negative", &negative}};
  for (const auto& [name, chosen] : parts) {
    Tensor values(images.values.type());
    gather_rows(images.values, *chosen, values);
    columns.push_back({name, ColumnRole::feature, images.description, std::move(values)});
  }
  return make_data_set(folder, std::move(columns));
}

}  // namespace gradus
