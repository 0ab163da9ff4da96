// What the type of an input says about its numbers besides how they are stored: `logit[batch]`,
// `fraction[..., classes]`. Both are floats. A value that cannot be such is no error, but gets a warning
// where a model is trained.
#pragma once

#include <set>
#include <string_view>

#include "ir/graph.h"

namespace gradus {
class GraphBuilder;
}

namespace gradus::language {

struct NumberKind {
  std::string_view name;
  std::string_view takes;  // "takes logits, numbers of any sign"
  // What the ops that made the value say instead, "these are never negative"; empty where nothing is sure.
  std::string_view (*contradiction)(const GraphBuilder& builder, Value value,
                                    const std::set<Value>& parameters);
  std::string_view hint;
};

// Null for any other type.
const NumberKind* number_kind(std::string_view name);

// The node that gave the numbers, behind views and names.
Value behind_views(const Graph& graph, Value value);

}  // namespace gradus::language
