// Lines of the loop text as debug information of a module, so that whoever has an address of its code, a
// profiler or a debugger, finds the statement, and in the text the places of the model that it computes.
#pragma once

#include <llvm/IR/DIBuilder.h>
#include <llvm/IR/DebugLoc.h>
#include <llvm/IR/Module.h>

#include "ir/loop/text.h"

namespace gradus::emit {

class DebugLines {
 public:
  // The file that the lines are of is `<module>.loops`.
  DebugLines(llvm::Module& module, const loop::Lines& lines);

  // Begins a function of the object; its instructions belong to `source` unless they say more.
  llvm::DebugLoc begin(llvm::Function* function, const loop::Function& source);
  llvm::DebugLoc at(llvm::Function* function, const loop::Statement& statement) const;
  void finish() { builder_.finalize(); }

 private:
  llvm::DIBuilder builder_;
  llvm::DIFile* file_;
  const loop::Lines& lines_;
};

}  // namespace gradus::emit
