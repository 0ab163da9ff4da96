// LLVM's view of a target, and the step from a module to an object file.
#pragma once

#include <memory>

#include <llvm/IR/Module.h>
#include <llvm/Support/MemoryBuffer.h>
#include <llvm/Target/TargetMachine.h>

#include "ir/target.h"

namespace gradus::emit {

std::unique_ptr<llvm::TargetMachine> make_target_machine(const Target& target);
// Object code, or assembly text. No optimization passes run before code generation: the emitter has written
// what is wanted.
std::unique_ptr<llvm::MemoryBuffer> generate(llvm::Module& module, llvm::TargetMachine& machine,
                                             llvm::CodeGenFileType type);

}  // namespace gradus::emit
