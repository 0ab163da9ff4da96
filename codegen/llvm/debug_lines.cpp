#include "codegen/llvm/debug_lines.h"

#include <llvm/IR/DebugInfoMetadata.h>

namespace gradus::emit {

DebugLines::DebugLines(llvm::Module& module, const loop::Lines& lines)
    : builder_(module), file_(builder_.createFile(module.getName().str() + ".loops", "")), lines_(lines) {
  module.addModuleFlag(llvm::Module::Warning, "Debug Info Version", llvm::DEBUG_METADATA_VERSION);
  builder_.createCompileUnit(llvm::dwarf::DW_LANG_C, file_, "gradus", true, "", 0, "",
                             llvm::DICompileUnit::LineTablesOnly);
}

llvm::DebugLoc DebugLines::begin(llvm::Function* function, const loop::Function& source) {
  const uint32_t line = lines_.at(&source);
  auto* type = builder_.createSubroutineType(builder_.getOrCreateTypeArray({}));
  llvm::DISubprogram* made =
      builder_.createFunction(file_, function->getName(), "", file_, line, type, line, llvm::DINode::FlagZero,
                              llvm::DISubprogram::SPFlagDefinition | llvm::DISubprogram::SPFlagOptimized);
  function->setSubprogram(made);
  return llvm::DILocation::get(function->getContext(), line, 0, made);
}

llvm::DebugLoc DebugLines::at(llvm::Function* function, const loop::Statement& statement) const {
  return llvm::DILocation::get(function->getContext(), lines_.at(&statement), 0, function->getSubprogram());
}

}  // namespace gradus::emit
