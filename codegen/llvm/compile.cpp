#include "codegen/llvm/compile.h"

#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/IR/Verifier.h>
#include <llvm/Support/raw_ostream.h>

#include "codegen/llvm/emit.h"
#include "codegen/llvm/target_machine.h"
#include "ir/error.h"

namespace gradus {
namespace {

constexpr const char* entry_symbol = "gradus_main";

std::unique_ptr<llvm::Module> build(const loop::Program& program, const Target& target,
                                    llvm::LLVMContext& context, llvm::TargetMachine& machine, bool verify,
                                    std::vector<Diagnostic>* bounds = nullptr) {
  std::unique_ptr<llvm::Module> module = emit::emit_program(program, target, context, entry_symbol, bounds);
  module->setTargetTriple(machine.getTargetTriple().str());
  module->setDataLayout(machine.createDataLayout());
  std::string problems;
  llvm::raw_string_ostream stream(problems);
  if (verify && llvm::verifyModule(*module, &stream)) fail_internal("invalid LLVM IR: " + problems);
  return module;
}

template <class T>
T checked(llvm::Expected<T> result) {
  if (!result) fail_internal("LLVM: " + llvm::toString(result.takeError()));
  return std::move(*result);
}

}  // namespace

CompiledProgram compile(const loop::Program& program, const Target& target, const CompileOptions& options) {
  const std::unique_ptr<llvm::TargetMachine> machine = emit::make_target_machine(target);
  llvm::LLVMContext context;
  CompiledProgram compiled;
  const auto module = build(program, target, context, *machine, options.verify,
                            options.check_bounds ? &compiled.bounds.findings : nullptr);
  auto object = emit::generate(*module, *machine, llvm::CodeGenFileType::ObjectFile);
  std::shared_ptr<llvm::orc::LLJIT> jit = checked(llvm::orc::LLJITBuilder().create());
  if (auto error = jit->addObjectFile(std::move(object))) {
    fail_internal("LLVM: " + llvm::toString(std::move(error)));
  }
  compiled.entry = checked(jit->lookup(entry_symbol)).toPtr<gradus_entry>();
  if (options.check_bounds)
    compiled.bounds.found = checked(jit->lookup(emit::bounds_symbol)).toPtr<int64_t*>();
  compiled.owner = std::move(jit);
  return compiled;
}

std::string print_llvm(const loop::Program& program, const Target& target) {
  const std::unique_ptr<llvm::TargetMachine> machine = emit::make_target_machine(target);
  llvm::LLVMContext context;
  const auto module = build(program, target, context, *machine, false);
  std::string text;
  llvm::raw_string_ostream stream(text);
  module->print(stream, nullptr);
  return text;
}

std::string print_assembly(const loop::Program& program, const Target& target) {
  const std::unique_ptr<llvm::TargetMachine> machine = emit::make_target_machine(target);
  llvm::LLVMContext context;
  const auto module = build(program, target, context, *machine, false);
  return emit::generate(*module, *machine, llvm::CodeGenFileType::AssemblyFile)->getBuffer().str();
}

}  // namespace gradus
