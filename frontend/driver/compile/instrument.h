// Watching the pipeline: printing, timing and checking after each pass.
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "passes/pipeline.h"

namespace gradus {

enum class VerifyEach { no, structure, numeric };

struct InstrumentOptions {
  std::set<std::string> print_after;  // names of passes
  bool print_after_all = false;
  std::string stop_after;  // empty: run to the end
  VerifyEach verify_each = VerifyEach::no;
  bool time_passes = false;
  std::FILE* prints = stdout;
  std::function<std::string(const Graph&)> format = nullptr;  // of what is printed; null: text with origins
};

class Stopwatch {
 public:
  double milliseconds() const {
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// One step of the compilation with its duration.
struct Timing {
  std::string name;
  double milliseconds = 0;
};

class Instrument {
 public:
  explicit Instrument(InstrumentOptions options);

  // To be given to run_pipeline. Throws an internal error when a pass broke a graph or changed its results.
  PassObserver observer();
  bool stopped() const { return stopped_; }
  void add_timing(std::string name, double milliseconds) {
    timings_.push_back({std::move(name), milliseconds});
  }
  const std::vector<Timing>& timings() const { return timings_; }

 private:
  bool observe(const PassReport& report, const Graph& before, const Graph& after);

  InstrumentOptions options_;
  std::vector<Timing> timings_;
  bool stopped_ = false;
};

// A table of timings with their sum.
std::string format_timings(const std::vector<Timing>& timings);

}  // namespace gradus
