// Columns of images: files of any size and either kind, brought to one shape.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/data/data_set.h"

namespace gradus {

struct ImageOptions {
  std::optional<int64_t> size;      // height and width; otherwise all files must have the same
  std::optional<int64_t> channels;  // 1 or 3; otherwise 3 if any file is in colour
};

// f32 [files, height, width, channels] from 0 to 1, in the order of the files.
Column image_column(const std::string& name, const std::vector<std::string>& files,
                    const ImageOptions& options);

// One class per sub-folder, numbered in the order of the names: image, label i32. Only .png files count;
// folders `train` and `test`, if there is nothing else, are the two parts. The classes may be known, in their
// order; another one's folder is then a program error.
DataSet image_folder_data_set(const std::string& folder, const ImageOptions& options,
                              const std::vector<std::string>& classes = {});

// The .png files of a folder, and of all folders in it, in the order of their paths.
std::vector<std::string> image_files_below(const std::string& folder);

// Three images a row: anchor and positive are two of one class, negative is of another. Row i has the i-th
// image of the folder as anchor; the others are drawn by the seed.
DataSet triplets_data_set(const std::string& folder, const ImageOptions& options, int64_t seed);

// Bytes [height, width, channels] to height × width: each pixel is the mean of the source under a tent as
// wide as the larger of both pixels (bilinear interpolation where the image grows).
Tensor resized(const Tensor& pixels, int64_t height, int64_t width);

}  // namespace gradus
