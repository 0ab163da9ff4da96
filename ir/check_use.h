// Whether a node is one that its op's shape rule may look at: number of operands, attributes present and of
// the right kind, a body where the op has one. What shape rules may take for granted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/op.h"

namespace gradus {

struct UseProblem {
  std::string message;
  std::string hint;
};

std::vector<UseProblem> check_use(const Op& op, size_t operands, const Attributes& attributes, bool has_body);

// What the inputs of a body must be: for `scan` the index, the carries, elements of the sequences and
// captures; for the others the operands. Nullopt if the operands are too few or a sequence is a scalar.
std::optional<std::vector<Type>> body_input_types(const Op& op, const Attributes& attributes,
                                                  const std::vector<Type>& operands);

}  // namespace gradus
