// Loop IR → LLVM IR. Every decision has been made in the loop IR; this writes it down.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include "ir/target.h"
#include "ir/error.h"
#include "ir/loop/program.h"

namespace gradus::emit {

// The variable in which code that checks bounds notes what it found: 0, or a position in the list, from 1.
constexpr const char* bounds_symbol = "gradus_outside";

// Emits the whole program; `main` becomes the external function `symbol` with the signature `gradus_entry`.
// With a list `bounds` the code checks every index that is not known to be inside; the list receives what it
// may find.
std::unique_ptr<llvm::Module> emit_program(const loop::Program& program, const Target& target,
                                           llvm::LLVMContext& context, const std::string& symbol,
                                           std::vector<Diagnostic>* bounds = nullptr);

// Functions of a program while a module is being emitted.
class ModuleEmitter {
 public:
  struct Callee {
    const loop::Function* source = nullptr;
    llvm::Function* function = nullptr;
    bool takes_call = false;  // has a parallel loop, so its first parameter is the gradus_call
  };

  ModuleEmitter(const loop::Program& source, const Target& cpu, llvm::LLVMContext& context,
                std::vector<Diagnostic>* bounds);

  // A function of ours: never unwinds, never inlined, vectors as wide as the target's.
  llvm::Function* create_function(llvm::FunctionType* type, const std::string& name, bool external);
  // The function that computes `op` on values of this type, made when first asked for.
  llvm::Function* math_function(loop::ScalarOp op, llvm::Type* type);
  llvm::GlobalVariable* bounds_note();
  std::unique_ptr<llvm::Module> run(const std::string& symbol);

  const loop::Program& program;
  const Target& target;
  std::unique_ptr<llvm::Module> module;
  std::unordered_map<std::string, Callee> callees;
  std::vector<Diagnostic>* bounds;  // null: nothing is checked

 private:
  std::map<std::pair<loop::ScalarOp, llvm::Type*>, llvm::Function*> math_functions_;
};

}  // namespace gradus::emit
