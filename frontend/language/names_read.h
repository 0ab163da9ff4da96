// Which names a block reads: wherever they stand in it, also in what is said between steps.
#pragma once

#include <set>
#include <string>

#include "frontend/language/syntax.h"

namespace gradus::language {

std::set<std::string, std::less<>> names_read(const Block& block);

// Calls `visit` for each assignment to one name that binds it in the block itself: also those of its `if` and
// `for`, which open no scope.
template <class Visit>
void for_each_binding(const Block& block, const Visit& visit) {
  for (const Statement& statement : block.statements) {
    if (const auto* assignment = statement.as<Assignment>(); assignment && assignment->targets.size() == 1)
      visit(*assignment);
    if (const auto* branch = statement.as<If>()) {
      for_each_binding(branch->then, visit);
      if (branch->otherwise) for_each_binding(*branch->otherwise, visit);
    }
    if (const auto* loop = statement.as<For>()) for_each_binding(loop->body, visit);
  }
}

}  // namespace gradus::language
