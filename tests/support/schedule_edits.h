// Other schedules for kernels, drawn among the legal ones as somebody might write them by hand.
#pragma once

#include <random>

#include "ir/schedule.h"

namespace gradus::testing {

class ScheduleEdits {
 public:
  explicit ScheduleEdits(uint64_t seed) : random_(seed) {}

  // A legal one, mostly another.
  Schedule edit(const Graph& body, const Schedule& from);
  // Of every kernel that has a schedule, those in scans as well.
  Graph edit_all(const Graph& kernels);

 private:
  int64_t between(int64_t low, int64_t high) {
    return std::uniform_int_distribution<int64_t>(low, high)(random_);
  }
  Schedule draw(const Graph& body, const Schedule& from);
  StageSchedule draw_part(const Graph& body, StageSchedule part);
  std::vector<int64_t> draw_cuts(const Graph& body);

  std::mt19937_64 random_;
};

}  // namespace gradus::testing
