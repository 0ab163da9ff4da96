// The functions of a program's kernels and blocks. A kernel is named by what it computes and a hash of its
// loop text, as `dot_3f9c2a71`, its helpers after it, so that a name stands for the same code wherever it is
// launched, in every program and in every process; a block likewise, whose text holds the names of what it
// calls. Kernels of equal text are one function.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "ir/loop/program.h"

namespace gradus::lowering {

class KernelFunctions {
 public:
  // What lowering calls a kernel that has no name yet; names of helpers begin with it.
  static constexpr const char* unnamed = "kernel";

  // Takes the functions of a kernel or block, helpers first, and returns its name. The origins are those of a
  // launch: a kernel keeps the first one's.
  std::string add(const std::string& what, std::vector<loop::Function> functions, const Origins& origins);
  // In the order in which they were added.
  std::vector<loop::Function> take() && { return std::move(functions_); }

 private:
  std::vector<loop::Function> functions_;
  std::map<std::string, std::string> name_of_;  // by loop text
  std::set<std::string> taken_;
};

}  // namespace gradus::lowering
