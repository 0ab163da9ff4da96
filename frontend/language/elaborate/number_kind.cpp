#include "frontend/language/elaborate/number_kind.h"

#include <algorithm>

#include "ir/build.h"
#include "ir/sign.h"
#include "ir/structure.h"

namespace gradus::language {

namespace {

std::string_view not_logits(const GraphBuilder& builder, Value value, const std::set<Value>&) {
  return sign_of(builder, value) == Sign::any ? "" : "these are never negative";
}

// Whether a value is a product with a parameter, or what keeps that from having bounds on both sides: biases
// and other terms, known factors, a bound on one side (relu).
class Products {
 public:
  Products(const GraphBuilder& builder, const std::set<Value>& parameters)
      : builder_(builder), parameters_(parameters) {}

  bool is_unbounded(Value value) {
    if (++visited_ > most_visited) return false;
    value = behind_views(builder_.graph(), value);
    const Node& node = builder_.node(value);
    const std::vector<Value>& operands = node.operands;
    if (node.op->family == OpFamily::contraction)
      return std::any_of(operands.begin(), operands.end(), [&](Value operand) {
        return parameters_.contains(behind_views(builder_.graph(), operand));
      });
    switch (node.op->id) {
      case OpId::neg:
        return is_unbounded(operands[0]);
      case OpId::add:
      case OpId::sub:
        return is_unbounded(operands[0]) || is_unbounded(operands[1]);
      case OpId::mul:
      case OpId::maximum:
      case OpId::minimum:
        return (is_known(operands[0]) && is_unbounded(operands[1])) ||
               (is_known(operands[1]) && is_unbounded(operands[0]));
      case OpId::div:
        return is_known(operands[1]) && is_unbounded(operands[0]);
      default:
        return false;
    }
  }

 private:
  static constexpr int most_visited = 100;

  bool is_known(Value value) const { return build::known_splat(builder_, value).has_value(); }

  const GraphBuilder& builder_;
  const std::set<Value>& parameters_;
  int visited_ = 0;
};

// a / sum(a) over axes of size 1, the softmax of a single number.
bool is_share_of_itself(const Graph& graph, Value value) {
  const Node& quotient = graph.node(behind_views(graph, value));
  if (quotient.op->id != OpId::div) return false;
  const Node& total = graph.node(behind_views(graph, quotient.operands[1]));
  const Value part = quotient.operands[0];
  return total.op->id == OpId::sum && behind_views(graph, total.operands[0]) == behind_views(graph, part) &&
         element_count(total.types[0].shape) == element_count(graph.type(part).shape);
}

std::string_view not_fractions(const GraphBuilder& builder, Value value, const std::set<Value>& parameters) {
  if (is_share_of_itself(builder.graph(), value)) return "the softmax of a single number is always 1";
  return Products(builder, parameters).is_unbounded(value) ? "nothing keeps these there" : "";
}

constexpr NumberKind kinds[] = {
    {"logit", "takes logits, numbers of any sign", not_logits,
     "give it what goes into the softmax, sigmoid or relu before it"},
    {"fraction", "takes probabilities, numbers from 0 to 1", not_fractions,
     "end with `sigmoid`, or with `softmax` over classes; or choose a loss that takes logits"},
};

}  // namespace

const NumberKind* number_kind(std::string_view name) {
  const auto* found = std::find_if(std::begin(kinds), std::end(kinds),
                                   [&](const NumberKind& kind) { return kind.name == name; });
  return found == std::end(kinds) ? nullptr : found;
}

Value behind_views(const Graph& graph, Value value) {
  for (;;) {
    const Node& node = graph.node(value);
    const OpId id = node.op->id;
    if (node.op->traits.access != Access::view && id != OpId::mark && id != OpId::stop_gradient &&
        id != OpId::cast)
      return value;
    value = node.operands[0];
  }
}

}  // namespace gradus::language
