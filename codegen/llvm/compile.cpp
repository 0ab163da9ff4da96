#include "codegen/llvm/compile.h"

#include <algorithm>
#include <numeric>

#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "codegen/llvm/emit.h"
#include "codegen/llvm/parts.h"
#include "codegen/llvm/target_machine.h"
#include "codegen/llvm/threads.h"
#include "ir/error.h"
#include "ir/loop/text.h"

namespace gradus {
namespace {

constexpr const char* entry_symbol = "gradus_main";

using Object = std::unique_ptr<llvm::MemoryBuffer>;

// A module with what it needs; nothing of it is shared with another one.
struct Unit {
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::Module> module;
};

Unit emit_unit(const loop::Program& program, const emit::Part& part, const Target& target, bool verify,
               const emit::Extras& extras = {}) {
  Unit unit{emit::make_target_machine(target), std::make_unique<llvm::LLVMContext>(), nullptr};
  unit.module = emit::emit_part(program, part, target, *unit.context, entry_symbol, extras);
  unit.module->setTargetTriple(unit.machine->getTargetTriple().str());
  unit.module->setDataLayout(unit.machine->createDataLayout());
  std::string problems;
  llvm::raw_string_ostream stream(problems);
  if (verify && llvm::verifyModule(*unit.module, &stream)) fail_internal("invalid LLVM IR: " + problems);
  return unit;
}

template <class T>
T checked(llvm::Expected<T> result) {
  if (!result) fail_internal("LLVM: " + llvm::toString(result.takeError()));
  return std::move(*result);
}

std::vector<Object> generate(const loop::Program& program, const Target& target,
                             const CompileOptions& options, std::vector<Diagnostic>* bounds) {
  // What is checked is numbered over the whole program.
  const std::vector<emit::Part> parts =
      bounds != nullptr ? std::vector{emit::whole(program)} : emit::cut(program, target);
  std::vector<size_t> heaviest_first(parts.size());
  std::iota(heaviest_first.begin(), heaviest_first.end(), size_t{0});
  std::stable_sort(heaviest_first.begin(), heaviest_first.end(),
                   [&](size_t a, size_t b) { return parts[a].weight > parts[b].weight; });
  loop::Lines lines;
  if (options.debug_lines) loop::print(program, &lines);
  const emit::Extras extras{bounds, options.debug_lines ? &lines : nullptr};
  std::vector<Object> objects(parts.size());
  emit::for_each_on_threads(parts.size(), options.threads, [&](size_t i) {
    const size_t part = heaviest_first[i];
    const Unit unit = emit_unit(program, parts[part], target, options.verify, extras);
    objects[part] = emit::generate(*unit.module, *unit.machine, llvm::CodeGenFileType::ObjectFile);
  });
  return objects;
}

}  // namespace

CompiledProgram compile(const loop::Program& program, const Target& target, const CompileOptions& options) {
  CompiledProgram compiled;
  std::vector<Object> objects =
      generate(program, target, options, options.check_bounds ? &compiled.bounds.findings : nullptr);
  std::shared_ptr<llvm::orc::LLJIT> jit = checked(llvm::orc::LLJITBuilder().create());
  for (Object& object : objects)
    if (auto error = jit->addObjectFile(std::move(object)))
      fail_internal("LLVM: " + llvm::toString(std::move(error)));
  compiled.entry = checked(jit->lookup(entry_symbol)).toPtr<gradus_entry>();
  if (options.check_bounds)
    compiled.bounds.found = checked(jit->lookup(emit::bounds_symbol)).toPtr<int64_t*>();
  compiled.owner = std::move(jit);
  return compiled;
}

std::vector<std::string> compile_to_objects(const loop::Program& program, const Target& target,
                                            const CompileOptions& options) {
  std::vector<std::string> files;
  for (const Object& object : generate(program, target, options, nullptr))
    files.push_back(object->getBuffer().str());
  return files;
}

// A person reads the program as one module.
std::string print_llvm(const loop::Program& program, const Target& target) {
  const Unit unit = emit_unit(program, emit::whole(program), target, false);
  std::string text;
  llvm::raw_string_ostream stream(text);
  unit.module->print(stream, nullptr);
  return text;
}

std::string print_assembly(const loop::Program& program, const Target& target) {
  const Unit unit = emit_unit(program, emit::whole(program), target, false);
  return emit::generate(*unit.module, *unit.machine, llvm::CodeGenFileType::AssemblyFile)->getBuffer().str();
}

}  // namespace gradus
