// Steps that need no compiler: least squares on y = w x by hand, with the calling convention of compiled
// code.
#pragma once

#include <catch2/catch.hpp>
#include <map>

#include "runtime/training/training_loop.h"

namespace gradus::test {

// Inputs x, y: f32[rows], epoch: i32[]; parameter w: f32[]; state count: i64[].
// Results loss = mean (w x - y)², top = Σ x, bottom = Σ y, epoch_seen, output = w x: f32[rows], share = top /
// bottom. Training: w -= 0.1 · mean (w x - y) · x, count += 1. Check 3 fails where x < 0.
class FakeProgram {
 public:
  Steps steps() {
    return {{[this](int64_t rows) -> Executable& { return get(rows, true); }, failed_row},
            {[this](int64_t rows) -> Executable& { return get(rows, false); }, failed_row}};
  }
  StepFunction outputs() {
    return {[this](int64_t rows) -> Executable& { return get(rows, false, true); }, failed_row};
  }

  static Diagnostic failed_row(const CheckFailure& failure) {
    Diagnostic diagnostic;
    diagnostic.message = "check " + std::to_string(failure.check) + " fails for row " +
                         std::to_string(failure.rows[static_cast<size_t>(failure.element)]);
    return diagnostic;
  }

  static ParameterSet parameters(float w = 0) {
    ParameterSet set;
    set.add("w", ArgumentKind::parameter, Tensor::scalar(w));
    set.add("count", ArgumentKind::state, Tensor::scalar(int64_t{0}));
    return set;
  }

  int compiled = 0;

 private:
  Executable& get(int64_t rows, bool training, bool only_output = false) {
    auto& executable = executables_[{rows, training, only_output}];
    if (executable) return *executable;
    ++compiled;
    ExecutableDescription description;
    description.name = training ? "train" : "evaluate";
    description.inputs = {{"x", ArgumentKind::input, Type(ElementType::f32, {rows})},
                          {"y", ArgumentKind::input, Type(ElementType::f32, {rows})},
                          {"epoch", ArgumentKind::input, Type(ElementType::i32)}};
    description.parameters = {{"w", ArgumentKind::parameter, Type(ElementType::f32)}};
    if (training) description.parameters.push_back({"count", ArgumentKind::state, Type(ElementType::i64)});
    for (const char* name : {"loss", "top", "bottom", "epoch_seen"})
      if (!only_output) description.results.push_back({name, ArgumentKind::result, Type(ElementType::f32)});
    description.results.push_back({"output", ArgumentKind::result, Type(ElementType::f32, {rows})});
    if (!only_output) description.results.push_back({"share", ArgumentKind::result, Type(ElementType::f32)});
    executable = std::make_unique<Executable>(entry(rows, training, only_output), std::move(description));
    return *executable;
  }

  template <int64_t Rows, bool Training, bool OnlyOutput>
  static void run(gradus_call* call) {
    const auto* x = static_cast<const float*>(call->inputs[0]);
    const auto* y = static_cast<const float*>(call->inputs[1]);
    auto* w = static_cast<float*>(call->parameters[0]);
    float loss = 0, slope = 0, top = 0, bottom = 0;
    auto* output = static_cast<float*>(call->results[OnlyOutput ? 0 : 4]);
    for (int64_t i = 0; i < Rows; ++i) {
      if (x[i] < 0) {
        call->status = {3, i};
        return;
      }
      output[i] = *w * x[i];
      const float error = *w * x[i] - y[i];
      loss += error * error / static_cast<float>(Rows);
      slope += error * x[i] / static_cast<float>(Rows);
      top += x[i];
      bottom += y[i];
    }
    if (!OnlyOutput) {
      *static_cast<float*>(call->results[0]) = loss;
      *static_cast<float*>(call->results[5]) = top / bottom;
      *static_cast<float*>(call->results[1]) = top;
      *static_cast<float*>(call->results[2]) = bottom;
      *static_cast<float*>(call->results[3]) =
          static_cast<float>(*static_cast<const int32_t*>(call->inputs[2]));
    }
    if (!Training) return;
    *w -= 0.1f * slope;
    *static_cast<int64_t*>(call->parameters[1]) += 1;
  }

  template <int64_t Rows>
  static gradus_entry entry_of(bool training, bool only_output) {
    if (only_output) return &run<Rows, false, true>;
    return training ? &run<Rows, true, false> : &run<Rows, false, false>;
  }
  static gradus_entry entry(int64_t rows, bool training, bool only_output) {
    switch (rows) {
      case 1:
        return entry_of<1>(training, only_output);
      case 2:
        return entry_of<2>(training, only_output);
      case 3:
        return entry_of<3>(training, only_output);
      case 4:
        return entry_of<4>(training, only_output);
      case 10:
        return entry_of<10>(training, only_output);
      default:
        FAIL("the fake program has no code for " << rows << " rows");
    }
    return nullptr;
  }

  std::map<std::tuple<int64_t, bool, bool>, std::unique_ptr<Executable>> executables_;
};

// Columns x = 1/n … 1 and y = 2 x.
inline DataSet line_data(int64_t rows) {
  std::vector<float> x, y;
  for (int64_t i = 1; i <= rows; ++i) {
    x.push_back(static_cast<float>(i) / static_cast<float>(rows));
    y.push_back(2 * x.back());
  }
  return make_data_set("line", {{"x", ColumnRole::feature, "", Tensor(Shape{rows}, x)},
                                {"y", ColumnRole::feature, "", Tensor(Shape{rows}, y)}});
}

// The loss, and a ratio of sums.
inline Metrics loss_and_share() {
  Metrics metrics;
  metrics.all = {{"loss", true, {}}, {"share", false, {{"top", 1}, {"bottom", 1}}}};
  metrics.calculate = [](std::span<const std::vector<double>> sums) {
    return std::vector<double>{sums[0][0] / sums[1][0]};
  };
  return metrics;
}

inline TrainingOptions basic(int64_t batch, int64_t epochs) {
  TrainingOptions options;
  options.batch = batch;
  options.epochs = epochs;
  options.seed = 1;
  options.metrics = loss_and_share();
  return options;
}

}  // namespace gradus::test
