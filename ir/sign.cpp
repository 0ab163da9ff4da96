#include "ir/sign.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ir/build.h"
#include "ir/ops/ops.h"

namespace gradus {

namespace {

Sign sign_of_number(double number) {
  if (number > 0) return Sign::positive;
  if (number != 0) return Sign::any;
  return std::signbit(number) ? Sign::non_negative : Sign::unsigned_zero;
}

// What holds of both, and what holds of the sum.
Sign weaker(Sign a, Sign b) { return std::min(a, b); }
Sign stronger(Sign a, Sign b) { return std::max(a, b); }
// A positive number that underflows becomes 0, not -0.
Sign may_underflow(Sign sign) { return weaker(sign, Sign::unsigned_zero); }

// maximum gives its first operand where -0 and 0 meet.
Sign of_larger(Sign first, Sign second) {
  const Sign sign = stronger(first, second);
  return sign == Sign::unsigned_zero && first != sign ? Sign::non_negative : sign;
}

class Signs {
 public:
  // `variables`: a known value of a name of its own is one that a gradient may be taken by, and says nothing.
  Signs(const Graph& graph, bool variables) : graph_(graph), variables_(variables) {}

  Sign of(Value value) {
    if (const auto known = known_.find(value); known != known_.end()) return known->second;
    if (++visited_ > most_visited) return Sign::any;
    const Sign sign = is_float(graph_.type(value).element) ? derive(value) : Sign::any;
    known_[value] = sign;
    return sign;
  }

  // Made of constants alone, none of them below a mark.
  bool is_known(Value value) {
    const Node& node = graph_.node(value);
    if (node.op == &ops::input || node.op == &ops::mark || ++visited_ > most_visited) return false;
    return std::all_of(node.operands.begin(), node.operands.end(),
                       [&](Value operand) { return is_known(operand); });
  }

 private:
  static constexpr int most_visited = 500;  // so that a pass that asks often stays near-linear

  Sign derive(Value value) {
    const Node& node = graph_.node(value);
    if (node.op == &ops::constant) return constant(node);
    if (variables_ && node.op == &ops::mark && is_known(node.operands[0])) return Sign::any;
    const Sign sign = elementwise(node);
    return sign == Sign::any ? across_elements(node) : sign;
  }

  static Sign constant(const Node& node) {
    if (const AttributeValue* value = node.attributes.find("value"))
      return sign_of_number(std::get<double>(*value));
    Sign sign = Sign::positive;
    for (const double number : std::get<std::vector<double>>(*node.attributes.find("values")))
      sign = weaker(sign, sign_of_number(number));
    return sign;
  }

  Sign elementwise(const Node& node) {
    const Op* op = node.op;
    const auto operand = [&](size_t i) { return of(node.operands[i]); };
    if (op == &ops::abs) return stronger(operand(0), Sign::unsigned_zero);
    if (op == &ops::exp || op == &ops::sigmoid || op == &ops::softplus || op == &ops::normal_cdf)
      return Sign::unsigned_zero;
    if (op == &ops::cosh) return Sign::positive;
    if (op == &ops::rsqrt) return inverse(operand(0));  // of -0 it is -infinity
    if (op == &ops::sqrt) return stronger(operand(0), Sign::non_negative);
    if (op == &ops::add) {
      const Sign a = operand(0), b = operand(1);
      return weaker(a, b) == Sign::any ? Sign::any : stronger(a, b);
    }
    if (op == &ops::mul && node.operands[0] == node.operands[1]) return Sign::unsigned_zero;
    if (op == &ops::mul) return may_underflow(weaker(operand(0), operand(1)));
    if (op == &ops::div) return weaker(operand(0), inverse(operand(1)));
    if (op == &ops::pow) return power(node);
    if (op == &ops::maximum) return of_larger(operand(0), operand(1));
    if (op == &ops::minimum) return weaker(operand(0), operand(1));
    if (op == &ops::clamp) return weaker(of_larger(operand(0), operand(1)), operand(2));
    if (op == &ops::select) return weaker(operand(1), operand(2));
    if (op == &ops::expm1 || op == &ops::log1p || op == &ops::tanh || op == &ops::erf || op == &ops::cbrt)
      return may_underflow(operand(0));
    if (op == &ops::cast)
      return is_float(graph_.type(node.operands[0]).element) ? may_underflow(operand(0)) : Sign::any;
    return Sign::any;
  }

  // 1 / -0 is -infinity.
  static Sign inverse(Sign sign) { return sign >= Sign::unsigned_zero ? Sign::unsigned_zero : Sign::any; }

  // Only an odd exponent keeps the sign of -0.
  Sign power(const Node& node) {
    const std::optional<double> exponent = build::known_splat(graph_, node.operands[1]);
    if (exponent && std::fmod(*exponent, 2) == 0) return Sign::unsigned_zero;
    const Sign base = may_underflow(of(node.operands[0]));
    const bool odd = !exponent || std::abs(std::fmod(*exponent, 2)) == 1;
    if (!odd && base != Sign::any) return Sign::unsigned_zero;
    return exponent && *exponent > 0 ? base : inverse(base);
  }

  Sign across_elements(const Node& node) {
    const Op* op = node.op;
    const auto operand = [&](size_t i) { return of(node.operands[i]); };
    if (op == &ops::mark || op == &ops::stop_gradient || op == &ops::custom_gradient || op == &ops::reshape ||
        op == &ops::transpose || op == &ops::broadcast || op == &ops::slice || op == &ops::reverse ||
        op == &ops::max || op == &ops::min || op == &ops::sort || op == &ops::top_k)
      return operand(0);
    if (op == &ops::prod || op == &ops::gather || op == &ops::dynamic_slice) return may_underflow(operand(0));
    if (op == &ops::sum || op == &ops::cumsum || op == &ops::scatter_add ||
        (op == &ops::reduce_window && node.attributes.text("kind") == "sum"))
      return total(operand(0), node.operands[0]);
    if (op == &ops::pad) return weaker(operand(0), operand(1));
    if (op == &ops::concat) {
      Sign sign = Sign::positive;
      for (const Value part : node.operands) sign = weaker(sign, of(part));
      return sign;
    }
    if (op == &ops::dot)
      return total(is_sum_of_squares(node) ? Sign::unsigned_zero : weaker(operand(0), operand(1)),
                   node.operands[0]);
    return Sign::any;
  }

  // The zero that is the sum of nothing may be -0.
  Sign total(Sign term, Value terms) const {
    const bool may_be_nothing = element_count(graph_.type(terms).shape) == 0;
    return weaker(term, may_be_nothing ? Sign::non_negative : Sign::unsigned_zero);
  }

  // x · x, over every axis that the two do not share with the result.
  bool is_sum_of_squares(const Node& node) const {
    const AxisPairs* contract = node.attributes.axis_pairs("contract");
    const AxisPairs* batch = node.attributes.axis_pairs("batch");
    if (node.operands[0] != node.operands[1] || contract->left != contract->right) return false;
    if (batch && batch->left != batch->right) return false;
    const size_t paired = contract->left.size() + (batch ? batch->left.size() : 0);
    return paired == graph_.type(node.operands[0]).shape.size();
  }

  const Graph& graph_;
  bool variables_;
  std::map<Value, Sign> known_;
  int visited_ = 0;
};

}  // namespace

Sign sign_of(const GraphBuilder& builder, Value value) { return Signs(builder.graph(), false).of(value); }

bool rests_at_zero(const Graph& graph, const Node& root) {
  if (root.op == &ops::pow) {
    const std::optional<double> exponent = build::known_splat(graph, root.operands[1]);
    if (!exponent || *exponent <= 0 || *exponent >= 1) return false;
  } else if (root.op != &ops::sqrt && root.op != &ops::cbrt) {
    return false;
  }
  Signs signs(graph, true);
  if (signs.is_known(root.operands[0])) return false;
  const Sign sign = signs.of(root.operands[0]);
  return sign == Sign::non_negative || sign == Sign::unsigned_zero;
}

}  // namespace gradus
