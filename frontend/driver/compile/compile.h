// Runs the pipeline: graph in, executable out; with every stage in between to be had as a value or as text.
#pragma once

#include <memory>
#include <string>

#include "frontend/driver/compile/instrument.h"
#include "ir/graph.h"
#include "ir/loop/program.h"
#include "ir/target.h"
#include "runtime/executable.h"

namespace gradus {

struct CompilerOptions {
  Target target = host();
  int threads = 0;  // of the executables; 0: one per hardware thread
  bool memoize = true;
  bool check_numerics = false;  // steps stop at the first value that is not finite
  bool check_bounds = false;    // programs come from a text: their indices are checked as they run
  std::shared_ptr<ScheduleOverrides> schedules = nullptr;  // of kernels by name, in place of chosen ones
  InstrumentOptions instrument;
};

class Compiler {
 public:
  explicit Compiler(CompilerOptions options);

  // The stage that a graph's header names; forward if it names none.
  static Stage stage_of(const Graph& graph);
  // Runs the passes that are left up to a stage. A graph that is further already is returned as it is.
  Graph bring_to(Stage stage, const Graph& graph);
  // One kernel a node, no other pass: a graph without gradient nodes as it stands.
  Graph as_is(const Graph& graph);
  loop::Program to_loops(const Graph& graph);
  std::shared_ptr<Executable> compile(const Graph& graph);
  std::shared_ptr<Executable> compile(const loop::Program& program);

  const CompilerOptions& options() const { return options_; }
  Instrument& instrument() { return instrument_; }
  // Of all passes run so far, each distinct one once; and of schedules for kernels that none of them met.
  std::vector<Diagnostic> warnings() const;
  const std::shared_ptr<ThreadPool>& pool();

 private:
  CompilerOptions options_;
  Instrument instrument_;
  PassContext context_;
  std::shared_ptr<ThreadPool> pool_;
  std::shared_ptr<Arena> arena_;
};

// How the executable of a program is called.
ExecutableDescription describe(const loop::Program& program);

}  // namespace gradus
