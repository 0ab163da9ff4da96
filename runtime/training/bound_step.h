// An executable tied to the columns of a data set and to the parameters, ready to run on any of its rows.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>

#include "runtime/data/data_set.h"
#include "runtime/executable.h"
#include "runtime/training/background.h"
#include "runtime/training/parameters.h"

namespace gradus {

// A failed check of a step, for the driver to say in the program's words.
struct CheckFailure {
  int64_t check = 0;
  int64_t element = 0;
  int64_t epoch = 0;  // 0: not in training
  int64_t step = 0;
  std::span<const int64_t> rows;  // of the data set, in the order of the batch
  // What the step ran on.
  const ExecutableDescription* description = nullptr;
  std::span<const void* const> inputs;
};
using DescribeCheck = std::function<Diagnostic(const CheckFailure&)>;

// A step for any number of rows. The number of a check means something in the graph of its step only: whoever
// gives the executables says what it means.
class StepFunction {
 public:
  // `executable` compiles the one for so many rows when it is first asked for, and owns it.
  StepFunction(std::function<Executable&(int64_t rows)> executable, DescribeCheck describe_check)
      : executable_(std::move(executable)), describe_check_(std::move(describe_check)) {}
  Executable& executable(int64_t rows) const { return executable_(rows); }
  const DescribeCheck& describe_check() const { return describe_check_; }

 private:
  std::function<Executable&(int64_t rows)> executable_;
  DescribeCheck describe_check_;
};

// Where the inputs of steps come from: columns by name, scalars by name, `epoch`.
class InputSource {
 public:
  explicit InputSource(const DataSet& data) : data_(data) {}
  const DataSet& data() const { return data_; }

  // Batches of so many bytes are put together by another thread while the step before them runs.
  int64_t background_bytes = int64_t{1} << 18;
  Background& background();
  // What steps see as the scalar input of that name, from now on; all are named before the first is bound.
  void set_scalar(const std::string& name, double value);
  // What steps see as their input `epoch`, from now on.
  void set_epoch(int64_t epoch) { set_scalar("epoch", static_cast<double>(epoch)); }

  // The column in the asked element type (converted once); checks the shape of its rows. Null if there is no
  // such column.
  const Tensor* column(const Argument& input);
  // Null if there is none; its address does not change.
  const Tensor* scalar(const Argument& input);

 private:
  const DataSet& data_;
  std::unique_ptr<Background> background_;
  std::map<std::pair<std::string, ElementType>, std::unique_ptr<Tensor>> converted_;
  std::map<std::string, double> scalars_{{"epoch", 0}};
  // In the types that steps ask for; their addresses do not change.
  std::map<std::pair<std::string, ElementType>, Tensor> bound_scalars_;
};

class BoundStep {
 public:
  BoundStep(const StepFunction& function, int64_t rows, InputSource& source, ParameterSet& parameters);

  const Executable& executable() const { return executable_; }
  int64_t rows() const { return rows_; }

  // Runs on these rows (as many as it was compiled for); throws what the step says of it if a check fails.
  // `next`: what will probably be run afterwards, to be put together meanwhile.
  void run(std::span<const int64_t> rows, int64_t seed, int64_t step, int64_t epoch,
           std::span<const int64_t> next = {});

  const Tensor& result(size_t index) const { return results_[index]; }
  // Error if there is none of that name.
  size_t result_index(const std::string& name) const;

 private:
  struct Gathered {
    const Tensor* column;
    size_t input;  // whose address the batch is
    Tensor batch;
    Tensor next;
  };
  void gather(std::span<const int64_t> rows);
  std::optional<Background::Work> begin_next(std::span<const int64_t> next);

  Executable& executable_;
  DescribeCheck describe_check_;
  int64_t rows_;
  InputSource& source_;
  std::vector<Gathered> gathered_;
  int64_t batch_bytes_ = 0;
  std::vector<int64_t> next_rows_;  // that are in `next`; empty: none
  std::vector<const void*> inputs_;
  std::vector<void*> parameters_;
  std::vector<Tensor> results_;
  std::vector<void*> result_addresses_;
};

// The bound steps of one step function, by number of rows.
class BoundSteps {
 public:
  BoundSteps(StepFunction function, InputSource& source, ParameterSet& parameters)
      : function_(std::move(function)), source_(source), parameters_(parameters) {}
  BoundStep& get(int64_t rows);

 private:
  StepFunction function_;
  InputSource& source_;
  ParameterSet& parameters_;
  std::map<int64_t, std::unique_ptr<BoundStep>> steps_;
};

}  // namespace gradus
