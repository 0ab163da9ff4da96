// The rule families of `simplify`, one file each.
#pragma once

#include "passes/rewrite.h"

namespace gradus::simplify_rules {

Value fold_constants(Peephole&, std::string_view op, const std::vector<Value>& operands, const Attributes&);
Value algebra(Peephole&, std::string_view op, const std::vector<Value>& operands, const Attributes&);
Value derivatives(Peephole&, std::string_view op, const std::vector<Value>& operands, const Attributes&);
Value shapes(Peephole&, std::string_view op, const std::vector<Value>& operands, const Attributes&);
Value contractions(Peephole&, std::string_view op, const std::vector<Value>& operands, const Attributes&);

}  // namespace gradus::simplify_rules
