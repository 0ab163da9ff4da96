#include "codegen/lower/kernel_functions.h"

#include <fmt/format.h>

#include <string_view>

#include "ir/digest.h"
#include "ir/loop/text.h"

namespace gradus::lowering {
namespace {

// Gives functions that are called `unnamed…`, and calls of them, the kernel's name.
class Renaming {
 public:
  Renaming(std::string name, const std::vector<loop::Function>& functions) : name_(std::move(name)) {
    for (const loop::Function& function : functions) own_.insert(function.name);
  }

  void apply(loop::Function& function) const {
    rename(function.name);
    apply(function.body);
  }

 private:
  void rename(std::string& name) const {
    if (!own_.contains(name)) return;  // a block calls kernels that have their names
    name.replace(0, std::string_view(KernelFunctions::unnamed).size(), name_);
  }
  void apply(loop::Block& block) const {
    for (loop::Statement& statement : block) {
      if (auto* call = std::get_if<loop::Call>(&statement.value)) rename(call->function);
      if (auto* loop = std::get_if<loop::For>(&statement.value)) apply(loop->body);
      if (auto* branch = std::get_if<loop::If>(&statement.value)) {
        apply(branch->then_block);
        apply(branch->else_block);
      }
    }
  }

  std::string name_;
  std::set<std::string> own_;
};

}  // namespace

std::string KernelFunctions::add(const std::string& what, std::vector<loop::Function> functions,
                                 const Origins& origins) {
  std::string text;
  for (const loop::Function& function : functions)
    text += loop::print(function, false, loop::ShowOrigins::no);
  std::string& name = name_of_[text];
  if (!name.empty()) return name;
  Digest digest;
  digest.add(text);
  name = fmt::format("{}_{:08x}", what, digest.value() & 0xffffffff);
  while (!taken_.insert(name).second) name += "x";  // another text of the same hash
  const Renaming renaming(name, functions);
  for (loop::Function& function : functions) {
    renaming.apply(function);
    functions_.push_back(std::move(function));
  }
  functions_.back().origins = origins;
  return name;
}

}  // namespace gradus::lowering
