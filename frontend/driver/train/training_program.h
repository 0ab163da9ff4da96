// A `train` block with its data, and its graphs and executables for every batch size that comes up.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "frontend/driver/analysis/observe.h"
#include "frontend/driver/compile/compile.h"
#include "frontend/driver/data/open_data.h"
#include "frontend/language/elaborate.h"

namespace gradus {

struct TrainingRequest {
  std::string name;  // of the train block
  std::vector<std::pair<std::string, std::string>> overrides;
  std::string data_file;                   // NPZ, replaces the block's data
  std::optional<Preparation> preparation;  // of a trained model, in place of one that is fitted on the data
  bool new_data = false;  // none of the block's data is read: `use` gives rows, of the model's `preparation`
  ElementType precision = ElementType::f32;
  bool memoize = true;
};

class TrainingProgram {
 public:
  TrainingProgram(language::Unit unit, TrainingRequest request, Compiler& compiler);

  Compiler& compiler() { return compiler_; }
  const language::TrainSettings& settings() const { return settings_; }
  const DataSet& data() const { return data_; }
  // Puts other rows in the place of the program's own.
  void use(DataSet data) { data_ = std::move(data); }
  // Makes another fold (from 0) of split(folds: n) the validation part.
  void select_fold(int64_t fold);

  // Graphs for this many rows; 0: the program's batch size. All have the same storage (an error otherwise).
  // `when`: a bit for each `when` block of the program, set if the step executes it.
  static constexpr uint64_t every_when = ~uint64_t{0};
  const language::TrainProgram& graphs(int64_t rows = 0, uint64_t when = every_when);
  // Executables, compiled when first asked for.
  Executable& training(int64_t rows, uint64_t when = every_when);
  Executable& evaluation(int64_t rows);
  Executable& prediction(int64_t rows);
  // What the predictions of a batch are compiled from; an error if the block has no model.
  const language::StepGraph& prediction_graph(int64_t rows = 0);
  // From now on training steps also tell how gradients and activations are.
  void observe_training() { observed_ = true; }
  const Observation& observation(int64_t rows);
  // What a training step is compiled from: with the observation, if there is one.
  const Graph& training_graph(int64_t rows, uint64_t when = every_when);
  // What `every` and `finally` say, and the rows that they see: the first `batch` of the validation part, or
  // of the training part if there is none.
  const std::vector<language::Report>& reports();
  std::span<const int64_t> report_rows() const;
  Executable& report(size_t index);
  // Of program().set_metrics, which must be there.
  Executable& set_metrics();
  // Of program().conditions, which must be there.
  Executable& conditions();
  // Initial values of all storage, in its order.
  std::vector<Tensor> initial_values(int64_t seed);
  // By input of a graph: state that begins with infinities, which --check-numerics lets pass.
  std::vector<bool> infinite_inputs(const Graph& graph);

 private:
  DataSet open(int64_t fold) const;
  language::TrainOptions options(int64_t rows) const;
  // By rows, and which `when` blocks or which report.
  using Executables = std::map<std::pair<int64_t, uint64_t>, std::shared_ptr<Executable>>;
  Executable& compiled(Executables& cache, int64_t rows, const Graph& graph, uint64_t kind = 0);

  language::Unit unit_;
  TrainingRequest request_;
  Compiler& compiler_;
  language::TrainSettings settings_;
  DataSet data_;
  bool observed_ = false;
  std::map<int64_t, Observation> observations_;
  std::map<std::pair<int64_t, uint64_t>, language::TrainProgram> programs_;  // by rows and `when`
  std::map<int64_t, std::vector<language::Report>> reports_by_rows_;
  Executables training_, evaluation_, prediction_, reports_, conditions_, set_metrics_;
};

}  // namespace gradus
