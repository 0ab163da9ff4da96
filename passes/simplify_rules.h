// The rule families of `simplify`, one file each.
#pragma once

#include "passes/pass.h"
#include "passes/rewrite.h"

namespace gradus::simplify_rules {

Value fold_constants(Peephole&, OpId op, const std::vector<Value>& operands, const Attributes&);
Value algebra(Peephole&, OpId op, const std::vector<Value>& operands, const Attributes&);
Value derivatives(Peephole&, OpId op, const std::vector<Value>& operands, const Attributes&);
Value shapes(Peephole&, OpId op, const std::vector<Value>& operands, const Attributes&);
Value contractions(Peephole&, OpId op, const std::vector<Value>& operands, const Attributes&);

// Once no gradient node is left.
Graph drop_unread_results(const Graph& graph, const PassContext& context);

}  // namespace gradus::simplify_rules
