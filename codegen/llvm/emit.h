// Loop IR → LLVM IR. Every decision has been made in the loop IR; this writes it down.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>

#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include "codegen/target.h"
#include "ir/loop/program.h"

namespace gradus::emit {

// Emits the whole program; `main` becomes the external function `symbol` with the signature `gradus_entry`.
std::unique_ptr<llvm::Module> emit_program(const loop::Program& program, const Target& target,
                                           llvm::LLVMContext& context, const std::string& symbol);

// Functions of a program while a module is being emitted.
class ModuleEmitter {
 public:
  struct Callee {
    const loop::Function* source = nullptr;
    llvm::Function* function = nullptr;
    bool takes_call = false;  // has a parallel loop, so its first parameter is the gradus_call
  };

  ModuleEmitter(const loop::Program& source, const Target& cpu, llvm::LLVMContext& context);

  // A function of ours: never unwinds, never inlined, vectors as wide as the target's.
  llvm::Function* create_function(llvm::FunctionType* type, const std::string& name, bool external);
  // The function that computes `op` on values of this type, made when first asked for.
  llvm::Function* math_function(loop::ScalarOp op, llvm::Type* type);
  std::unique_ptr<llvm::Module> run(const std::string& symbol);

  const loop::Program& program;
  const Target& target;
  std::unique_ptr<llvm::Module> module;
  std::unordered_map<std::string, Callee> callees;

 private:
  std::map<std::pair<loop::ScalarOp, llvm::Type*>, llvm::Function*> math_functions_;
};

}  // namespace gradus::emit
