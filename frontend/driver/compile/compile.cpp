#include "frontend/driver/compile/compile.h"

#include <algorithm>
#include <chrono>

#include "codegen/llvm/compile.h"
#include "codegen/lower/lower.h"
#include "ir/loop/verify.h"
#include "passes/verify_stage.h"

namespace gradus {

Compiler::Compiler(CompilerOptions options) : options_(std::move(options)), instrument_(options_.instrument) {
  context_.memoize = options_.memoize;
  context_.target = options_.target;
  context_.schedules = options_.schedules;
  if (!options_.memoize) context_.node_limit = 2'000'000;
}

std::vector<Diagnostic> Compiler::warnings() const {
  std::vector<Diagnostic> all = context_.warnings;
  if (!options_.schedules) return all;
  const std::vector<Diagnostic> unused = unused_overrides(*options_.schedules);
  all.insert(all.end(), unused.begin(), unused.end());
  return all;
}

Stage Compiler::stage_of(const Graph& graph) { return gradus::stage_of(graph); }

Graph Compiler::bring_to(Stage stage, const Graph& graph) {
  const Stage from = stage_of(graph);
  return run_pipeline(graph, from, std::max(from, stage), context_, instrument_.observer());
}

Graph Compiler::as_is(const Graph& graph) {
  std::vector<Diagnostic> found = verify_stage(graph, std::max(stage_of(graph), Stage::backward));
  if (!found.empty()) throw Error(ErrorKind::program, std::move(found));
  Graph result = run_passes(graph, passes_to(Stage::kernels), context_, instrument_.observer());
  Attributes header = result.header();
  header.set("stage", std::string(name(Stage::kernels)));
  result.set_header(std::move(header));
  return result;
}

loop::Program Compiler::to_loops(const Graph& graph) {
  const Graph kernels = bring_to(Stage::kernels, graph);
  const Stopwatch watch;
  loop::Program program = lower(kernels, options_.target);
  program.header.set("stage", std::string("loops"));
  if (options_.check_bounds) loop::verify_or_fail(program, "after lowering");
  instrument_.add_timing("lower", watch.milliseconds());
  return program;
}

std::shared_ptr<Executable> Compiler::compile(const Graph& graph) { return compile(to_loops(graph)); }

std::shared_ptr<Executable> Compiler::compile(const loop::Program& program) {
  const Stopwatch watch;
  CompileOptions options;
  options.threads = options_.threads;
  options.check_bounds = options_.check_bounds;
  CompiledProgram code = gradus::compile(program, options_.target, options);
  instrument_.add_timing("code generation", watch.milliseconds());
  if (!arena_) arena_ = std::make_shared<Arena>();
  auto executable = std::make_shared<Executable>(code.entry, describe(program),
                                                 std::const_pointer_cast<void>(code.owner), pool(), arena_);
  executable->set_bounds_check(std::move(code.bounds));
  return executable;
}

const std::shared_ptr<ThreadPool>& Compiler::pool() {
  if (!pool_) pool_ = std::make_shared<ThreadPool>(options_.threads);
  return pool_;
}

namespace {

// Null: of what every program has.
std::vector<Argument>* list_of(ArgumentKind kind, ExecutableDescription& description) {
  switch (kind) {
    case ArgumentKind::input:
      return &description.inputs;
    case ArgumentKind::parameter:
    case ArgumentKind::state:
      return &description.parameters;
    case ArgumentKind::result:
      return &description.results;
    case ArgumentKind::seed:
    case ArgumentKind::step:
    case ArgumentKind::status:
      break;
  }
  return nullptr;
}

}  // namespace

ExecutableDescription describe(const loop::Program& program) {
  ExecutableDescription description;
  description.name = program.name;
  description.workspace_bytes = program.workspace_bytes();
  for (const loop::Argument& argument : program.arguments)
    if (std::vector<Argument>* const list = list_of(argument.kind, description)) list->push_back(argument);
  return description;
}

}  // namespace gradus
