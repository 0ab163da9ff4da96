#include "codegen/lower/kernel_functions.h"

#include <fmt/format.h>

#include <string_view>

#include "ir/digest.h"
#include "ir/loop/text.h"

namespace gradus::lowering {
namespace {

// Gives what is called `unnamed…` the kernel's name.
class Renaming {
 public:
  explicit Renaming(std::string name) : name_(std::move(name)) {}

  void apply(loop::Function& function) const {
    rename(function.name);
    apply(function.body);
  }

 private:
  void rename(std::string& name) const {
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
};

}  // namespace

std::string KernelFunctions::add(const std::string& what, std::vector<loop::Function> functions,
                                 const Origins& origins) {
  std::string text;
  for (const loop::Function& function : functions) text += loop::print(function);
  std::string& name = name_of_[text];
  if (!name.empty()) return name;
  Digest digest;
  digest.add(text);
  name = fmt::format("{}_{:08x}", what, digest.value() & 0xffffffff);
  while (!taken_.insert(name).second) name += "x";  // another text of the same hash
  const Renaming renaming(name);
  for (loop::Function& function : functions) {
    renaming.apply(function);
    functions_.push_back(std::move(function));
  }
  functions_.back().origins = origins;
  return name;
}

}  // namespace gradus::lowering
