#include "tests/texts/run_text.h"

#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "codegen/llvm/compile.h"
#include "codegen/lower/lower.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"
#include "ir/target.h"
#include "ir/text/print.h"
#include "passes/load_text.h"
#include "passes/pipeline.h"
#include "passes/verify_stage.h"
#include "tests/texts/guarded_memory.h"

namespace gradus::testing {

namespace {

// More than this is not run: the texts that mutations begin with need a few kilobytes.
constexpr int64_t most_bytes = int64_t{1} << 26;

loop::Program to_loops(const Graph& graph) {
  PassContext context;
  loop::Program program = lower(run_pipeline(graph, stage_of(graph), Stage::kernels, context), host());
  loop::verify_or_fail(program, "after lowering");
  return program;
}

loop::Program load(const std::string& text) {
  if (text.find("loops @") != std::string::npos && text.find("loops @") < text.find('{'))
    return loop::load_program(text, "mutated.gir");
  return to_loops(load_graph(text, "mutated.gir"));
}

// Small numbers: integers often serve as indices.
void fill(GuardedMemory& memory, const Type& type, std::mt19937& random) {
  const auto write = [&](auto tag) {
    using T = decltype(tag);
    for (int64_t i = 0; i < element_count(type.shape); ++i) {
      const T value = static_cast<T>(random() % 4);
      std::memcpy(memory.data() + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
    }
  };
  if (type.element == ElementType::f32)
    write(float{});
  else if (type.element == ElementType::f64)
    write(double{});
  else if (size_in_bytes(type.element) == 8)
    write(int64_t{});
  else if (size_in_bytes(type.element) == 4)
    write(int32_t{});
  else
    for (int64_t i = 0; i < memory.size(); ++i) memory.data()[i] = std::byte(random() % 2);
}

// One call; says what is wrong, or nothing.
std::string call(const CompiledProgram& code, const loop::Program& program) {
  std::mt19937 random(1);
  std::vector<std::unique_ptr<GuardedMemory>> memories;
  std::vector<const void*> inputs;
  std::vector<void*> parameters, results;
  for (const loop::Argument& argument : program.arguments) {
    using Kind = ArgumentKind;
    if (argument.kind == Kind::seed || argument.kind == Kind::step || argument.kind == Kind::status) continue;
    memories.push_back(std::make_unique<GuardedMemory>(size_in_bytes(argument.type)));
    void* data = memories.back()->data();
    fill(*memories.back(), argument.type, random);
    if (argument.kind == Kind::input)
      inputs.push_back(data);
    else
      (argument.kind == Kind::result ? results : parameters).push_back(data);
  }
  memories.push_back(std::make_unique<GuardedMemory>(program.workspace_bytes()));
  gradus_call arguments{};
  arguments.inputs = inputs.data();
  arguments.parameters = parameters.data();
  arguments.results = results.data();
  arguments.seed = 3;
  arguments.step = 1;
  arguments.workspace = memories.back()->data();
  arguments.status = {-1, -1};
  code.entry(&arguments);
  for (const auto& memory : memories)
    if (!memory->intact()) return "wrote outside of its buffers";
  return {};
}

bool is_too_large(const loop::Program& program) {
  int64_t bytes = program.workspace_bytes();
  for (const loop::Argument& argument : program.arguments) {
    if (bytes > most_bytes) return true;
    bytes += size_in_bytes(argument.type);
  }
  return bytes > most_bytes;
}

TextRun judge(const Error& error) {
  const std::string message = error.what();
  if (error.kind() == ErrorKind::internal) return {TextOutcome::wrong, message};
  if (error.kind() == ErrorKind::environment) return {TextOutcome::too_large, message};
  for (const Diagnostic& diagnostic : error.diagnostics())
    if (!diagnostic.span.known()) return {TextOutcome::wrong, "refused without a place: " + message};
  return {TextOutcome::refused, message};
}

}  // namespace

TextRun run_text(const std::string& text) {
  try {
    const loop::Program program = load(text);
    CompileOptions options;
    options.check_bounds = true;
    options.verify = true;
    const CompiledProgram code = compile(program, host(), options);
    if (is_too_large(program)) return {TextOutcome::too_large, "not run"};
    const std::string wrong = call(code, program);
    if (!wrong.empty()) return {TextOutcome::wrong, wrong};
    if (*code.bounds.found == 0) return {TextOutcome::ran, {}};
    return {TextOutcome::left_at_bound,
            code.bounds.findings.at(static_cast<size_t>(*code.bounds.found - 1)).message};
  } catch (const Error& error) {
    return judge(error);
  } catch (const std::bad_alloc&) {
    return {TextOutcome::too_large, "out of memory"};
  } catch (const std::exception& error) {
    return {TextOutcome::wrong, error.what()};
  }
}

std::string text_at(const std::string& stage, const std::string& text) {
  const Graph graph = load_graph(text, "seed.gir");
  if (stage == "loops") return loop::print(to_loops(graph));
  PassContext context;
  return print(run_pipeline(graph, stage_of(graph), *stage_named(stage), context));
}

}  // namespace gradus::testing
