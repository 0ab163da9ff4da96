#include "frontend/language/elaborate/terms.h"

#include <set>

#include "ir/dependence.h"
#include "ir/op.h"
#include "ir/structure.h"

namespace gradus::language {

Value substitute(GraphBuilder& b, Value of, const std::map<Value, Value>& replacements, int64_t& next_mark) {
  if (replacements.empty()) return of;
  uint32_t first = of.node + 1;
  for (const auto& [from, to] : replacements) first = std::min(first, from.node);
  if (first > of.node) return of;
  const std::vector<bool> needed = needed_by(b.graph(), marked(b.graph(), of));

  std::map<uint32_t, uint32_t> copies;
  const auto mapped = [&](Value value) {
    if (const auto at = replacements.find(value); at != replacements.end()) return at->second;
    if (const auto at = copies.find(value.node); at != copies.end()) return Value{at->second, value.result};
    return value;
  };
  for (uint32_t i = first; i <= of.node; ++i) {
    if (!needed[i]) continue;
    const Node node = b.node(i);  // a copy: new nodes move the old ones
    std::vector<Value> operands;
    for (Value operand : node.operands) operands.push_back(mapped(operand));
    if (operands == node.operands) continue;
    Attributes attributes = node.attributes;
    if (is_mark(node)) attributes.set("id", next_mark++);
    const OriginScope origins(b, b.origins({i, 0}));
    copies[i] = b.again(node, std::move(operands), std::move(attributes), node.body).node;
  }
  return mapped(of);
}

bool same_term(const GraphBuilder& b, Value x, Value y) {
  std::set<std::pair<Value, Value>> compared;
  std::vector<std::pair<Value, Value>> work{{x, y}};
  while (!work.empty()) {
    const auto [left, right] = work.back();
    work.pop_back();
    if (left == right || !compared.emplace(left, right).second) continue;
    const Node& one = b.node(left);
    const Node& other = b.node(right);
    if (left.result != right.result || one.op != other.op || one.operands.size() != other.operands.size() ||
        one.attributes != other.attributes || one.types != other.types)
      return false;
    if (!one.body != !other.body || (one.body && !same_structure(*one.body, *other.body))) return false;
    for (size_t i = 0; i < one.operands.size(); ++i) work.emplace_back(one.operands[i], other.operands[i]);
  }
  return true;
}

}  // namespace gradus::language
