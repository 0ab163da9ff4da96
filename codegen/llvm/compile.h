// Loop IR in, machine code out. The only header of this folder that others need; it is free of LLVM's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ir/loop/program.h"
#include "ir/target.h"
#include "runtime/abi.h"
#include "runtime/bounds.h"

namespace gradus {

struct CompileOptions {
  int threads = 0;      // that generate code; 0: one per hardware thread
  bool verify = false;  // run LLVM's verifier over the emitted module
  // The program comes from outside: every index that is not known to be inside its buffer is checked when it
  // is used.
  bool check_bounds = false;
  // Objects say which line of the program's text, in a file `<program>.loops`, an instruction comes from. The
  // code is the same.
  bool debug_lines = false;
};

// Executable memory and its entry point, which stays valid as long as a copy of this object lives.
struct CompiledProgram {
  gradus_entry entry = nullptr;
  std::shared_ptr<const void> owner;
  BoundsCheck bounds;
};

CompiledProgram compile(const loop::Program& program, const Target& target,
                        const CompileOptions& options = {});

// The object files of the program's parts: the same bytes for any number of threads and in every process.
std::vector<std::string> compile_to_objects(const loop::Program& program, const Target& target,
                                            const CompileOptions& options = {});

// What --stage=llvm and --stage=asm print.
std::string print_llvm(const loop::Program& program, const Target& target);
std::string print_assembly(const loop::Program& program, const Target& target);

}  // namespace gradus
