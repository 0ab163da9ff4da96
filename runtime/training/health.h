// What curves, gradients and weights say about a training: symptoms, found by fixed thresholds.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runtime/tensor.h"

namespace gradus::health {

// A weight whose gradient norm is less than this part of the last weight's has vanished.
constexpr double vanished = 1e-4;
// A gradient norm above this, or one that is not finite, has exploded.
constexpr double exploded = 1e4;
// A loss that changed by less than this part of itself over the last third of the epochs is flat.
constexpr double flat_change = 1e-6;
// A weight that changed by less than this part of its norm did not learn.
constexpr double unchanged = 1e-5;
// More dead units than this part of a layer lose patterns.
constexpr double too_many_dead = 0.5;

// The epoch, counted from 1, after which the validation loss rises while the training loss falls; none if the
// validation loss is least at the end.
std::optional<int64_t> overfitting_epoch(std::span<const double> training,
                                         std::span<const double> validation);

// At least three epochs are needed to say so.
bool flat(std::span<const double> losses);

// Columns of a matrix (units of a dense layer) that equal another one; none if a number is not finite.
int64_t identical_columns(const Tensor& matrix);

double norm(const Tensor& tensor);
// |now - before| / |before|; 0 if nothing changed, infinite if there was nothing.
double relative_change(const Tensor& before, const Tensor& now);

}  // namespace gradus::health
