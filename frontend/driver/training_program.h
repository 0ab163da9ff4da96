// A `train` block with its data, and its graphs and executables for every batch size that comes up.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "frontend/driver/compile.h"
#include "frontend/driver/data.h"
#include "frontend/driver/observe.h"
#include "frontend/language/elaborate.h"

namespace gradus {

struct TrainingRequest {
  std::string name;  // of the train block
  std::vector<std::pair<std::string, std::string>> overrides;
  std::string data_file;  // NPZ, replaces the block's data
  ElementType precision = ElementType::f32;
  bool memoize = true;
};

class TrainingProgram {
 public:
  TrainingProgram(language::Unit unit, TrainingRequest request, Compiler& compiler);

  Compiler& compiler() { return compiler_; }
  const language::TrainSettings& settings() const { return settings_; }
  const DataSet& data() const { return data_; }

  // Graphs for this many rows; 0: the program's batch size. All have the same storage (an error otherwise).
  const language::TrainProgram& graphs(int64_t rows = 0);
  // Executables, compiled when first asked for.
  Executable& training(int64_t rows);
  Executable& evaluation(int64_t rows);
  Executable& prediction(int64_t rows);
  // From now on training steps also tell how gradients and activations are.
  void observe_training() { observed_ = true; }
  const Observation& observation(int64_t rows);
  // What a training step is compiled from: with the observation, if there is one.
  const Graph& training_graph(int64_t rows);
  // What a block after the step computes, on so many rows; without an executable if that is nothing.
  struct ReportStep {
    language::Report report;
    std::shared_ptr<Executable> executable;
  };
  ReportStep report(const language::MetricBlock& block, int64_t rows);
  // Initial values of all storage, in its order.
  std::vector<Tensor> initial_values(int64_t seed);
  // By input of a graph: state that begins with infinities, which --check-numerics lets pass.
  std::vector<bool> infinite_inputs(const Graph& graph);

 private:
  Executable& compiled(std::map<int64_t, std::shared_ptr<Executable>>& cache, int64_t rows,
                       const Graph& graph);

  language::Unit unit_;
  TrainingRequest request_;
  Compiler& compiler_;
  language::TrainSettings settings_;
  DataSet data_;
  std::map<int64_t, language::TrainProgram> programs_;
  bool observed_ = false;
  std::map<int64_t, Observation> observations_;
  std::map<int64_t, std::shared_ptr<Executable>> training_, evaluation_, prediction_;
};

}  // namespace gradus
