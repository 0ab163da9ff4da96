// Loop IR → LLVM IR. Every decision has been made in the loop IR; this writes it down.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/LLVMContext.h>
#include <llvm/IR/Module.h>

#include "codegen/llvm/debug_lines.h"
#include "codegen/llvm/parts.h"
#include "ir/error.h"
#include "ir/loop/program.h"
#include "ir/target.h"

namespace gradus::emit {

// The variable in which code that checks bounds notes what it found: 0, or a position in the list, from 1.
constexpr const char* bounds_symbol = "gradus_outside";

// What is emitted beside the code itself.
struct Extras {
  // The code checks every index that is not known to be inside; the list receives what it may find.
  std::vector<Diagnostic>* bounds = nullptr;
  // Instructions know the lines of the program's text that they come from.
  const loop::Lines* lines = nullptr;
};

// Emits a part of the program; `main` becomes the external function `symbol` with the signature
// `gradus_entry`.
std::unique_ptr<llvm::Module> emit_part(const loop::Program& program, const Part& part, const Target& target,
                                        llvm::LLVMContext& context, const std::string& symbol,
                                        const Extras& extras);

// Whether an operation on floats expands to dozens of instructions.
bool is_long(loop::ScalarOp op);

// Functions of a program while a module is being emitted.
class ModuleEmitter {
 public:
  struct Callee {
    const loop::Function* source = nullptr;
    llvm::Function* function = nullptr;
    // Has a parallel loop or calls what has one, so its first parameter is the gradus_call.
    bool takes_call = false;
    bool takes_workspace() const { return source->workspace_bytes > 0; }  // the next one: where it begins
  };

  ModuleEmitter(const loop::Program& source, const Part& part, const Target& cpu, llvm::LLVMContext& context,
                const Extras& extras);

  // A function of ours: never unwinds, never inlined, vectors as wide as the target's.
  llvm::Function* create_function(llvm::FunctionType* type, const std::string& name, bool external);
  // A function that the one being emitted may call: one before it, here or in another part.
  const Callee& callee(const std::string& name);
  // The function that computes `op` on values of this type, made when first asked for.
  llvm::Function* math_function(loop::ScalarOp op, llvm::Type* type);
  llvm::GlobalVariable* bounds_note();
  std::unique_ptr<llvm::Module> run(const std::string& symbol);

  const loop::Program& program;
  const Target& target;
  std::unique_ptr<llvm::Module> module;
  std::vector<Diagnostic>* bounds;          // null: nothing is checked
  std::unique_ptr<DebugLines> debug_lines;  // null: none are wanted

 private:
  Callee declare(const loop::Function& source);
  void emit_function(const loop::Function& source);

  const Part part_;
  std::unordered_set<std::string_view> share_loops_;      // functions that take the gradus_call
  std::unordered_map<std::string_view, size_t> earlier_;  // functions before the part
  std::unordered_map<std::string, Callee> callees_;
  std::map<std::pair<loop::ScalarOp, llvm::Type*>, llvm::Function*> math_functions_;
};

}  // namespace gradus::emit
