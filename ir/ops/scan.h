// How a scan is laid out: the order of its operands, of its body's inputs and results, and of its own
// results.
//
//   operands      initial carries | sequences | captures
//   body inputs   index | carries | elements of the sequences | captures
//   body results  new carries | outputs
//   results       final carries | histories | outputs, stacked
//
// Histories are carries as each step found them; they and the outputs stand at the index of their step.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "ir/graph.h"

namespace gradus::ops {

struct ScanLayout {
  size_t carries = 0, sequences = 0, captures = 0, outputs = 0;
  int64_t length = 0;
  bool reverse = false;            // from the last index to the first
  std::vector<int64_t> histories;  // of these carries

  ScanLayout() = default;
  // Of attributes whose counts fit the operands and the body's results (infer checks it).
  ScanLayout(const Attributes& attributes, size_t operand_count, size_t body_results);
  explicit ScanLayout(const Node& scan);

  Attributes attributes() const;
  void keep_every_history();

  bool has_history(size_t carry) const {
    return std::find(histories.begin(), histories.end(), static_cast<int64_t>(carry)) != histories.end();
  }
  bool is_carry(size_t operand) const { return operand < carries; }
  bool is_sequence(size_t operand) const { return operand >= carries && operand < carries + sequences; }
  size_t operand_of_sequence(size_t i) const { return carries + i; }
  size_t operand_of_capture(size_t i) const { return carries + sequences + i; }
  static size_t body_input_of(size_t operand) { return operand + 1; }
  // Of a body input other than the index.
  static size_t operand_of_input(size_t body_input) { return body_input - 1; }
  size_t body_result_of_output(size_t i) const { return carries + i; }
  size_t result_of_history(size_t i) const { return carries + i; }
  size_t result_of_output(size_t i) const { return carries + histories.size() + i; }
  int64_t index_of(int64_t step) const { return reverse ? length - 1 - step : step; }
};

// The memory that the steps of a scan work in, in bytes: the index, the body's part of the workspace, and for
// each carry that no history holds two places, which even and odd steps write in turn.
std::vector<int64_t> scratch_bytes(const Node& scan, const Graph& body);

// By reverse mode: a scan that runs against this one. Its definition, which fixes the order of sums, stands
// in scan_adjoint.cpp.
std::vector<Value> scan_adjoint(const struct GradientUse& use);

}  // namespace gradus::ops
