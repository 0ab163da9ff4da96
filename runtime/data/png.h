// PNG images as tensors of bytes, [height, width, channels]: one channel if the file is grey, otherwise three
// (red, green, blue). They are the stored numbers: those of 16 bits divided by 257 and rounded, those of
// transparent pixels multiplied by their alpha; what the file says of brightness and colour space changes
// none.
#pragma once

#include <string>

#include "runtime/data/file.h"
#include "runtime/tensor.h"

namespace gradus {

// `name` is the file's name in diagnostics; malformed files are program errors.
Tensor parse_png(ByteView file, const std::string& name);

// `pixels`: u8 [height, width, 1 or 3]. The file is the old one or the new one, never half of either.
void write_png(const std::string& path, const Tensor& pixels);

// Images [count, height, width, 1 or 3] of any float type, values from 0 to 1 (others are clamped), as one
// picture: as square a grid as possible, one pixel of black between them.
Tensor image_grid(const Tensor& images);

}  // namespace gradus
