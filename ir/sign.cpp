#include "ir/sign.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "ir/build.h"
#include "ir/ops/ops.h"

namespace gradus {

namespace {

Sign sign_of_number(double number) {
  return number > 0 ? Sign::positive : number == 0 ? Sign::non_negative : Sign::any;
}

// What holds of both, and what holds of a value that is at least as large as either.
Sign weaker(Sign a, Sign b) { return std::min(a, b); }
Sign stronger(Sign a, Sign b) { return std::max(a, b); }
// A positive number may become 0 where it underflows, or where nothing is added up.
Sign at_most_non_negative(Sign sign) { return weaker(sign, Sign::non_negative); }

class Signs {
 public:
  explicit Signs(const GraphBuilder& builder) : builder_(builder) {}

  Sign of(Value value) {
    if (const auto known = known_.find(value); known != known_.end()) return known->second;
    if (++visited_ > most_visited) return Sign::any;
    const Sign sign = is_float(builder_.type(value).element) ? derive(value) : Sign::any;
    known_[value] = sign;
    return sign;
  }

 private:
  static constexpr int most_visited = 500;  // so that a pass that asks often stays near-linear

  Sign derive(Value value) {
    const Node& node = builder_.node(value);
    if (node.op == &ops::constant) return constant(node);
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
    if (op == &ops::abs || op == &ops::exp || op == &ops::sigmoid || op == &ops::softplus ||
        op == &ops::normal_cdf)
      return Sign::non_negative;
    if (op == &ops::cosh) return Sign::positive;
    if (op == &ops::rsqrt)
      return at_most_non_negative(operand(0) == Sign::positive ? Sign::positive : Sign::any);
    if (op == &ops::sqrt) return stronger(operand(0), Sign::non_negative);
    if (op == &ops::add) {
      const Sign a = operand(0), b = operand(1);
      return weaker(a, b) == Sign::any ? Sign::any : stronger(a, b);
    }
    if (op == &ops::mul && node.operands[0] == node.operands[1]) return Sign::non_negative;
    if (op == &ops::mul) return at_most_non_negative(weaker(operand(0), operand(1)));
    // Divided by -0 it is negative.
    if (op == &ops::div) return operand(1) == Sign::positive ? at_most_non_negative(operand(0)) : Sign::any;
    if (op == &ops::pow) return power(node);
    if (op == &ops::maximum) return stronger(operand(0), operand(1));
    if (op == &ops::minimum) return weaker(operand(0), operand(1));
    if (op == &ops::clamp) return weaker(stronger(operand(0), operand(1)), operand(2));
    if (op == &ops::select) return weaker(operand(1), operand(2));
    if (op == &ops::expm1 || op == &ops::log1p || op == &ops::tanh || op == &ops::erf || op == &ops::cbrt)
      return at_most_non_negative(operand(0));
    if (op == &ops::cast)
      return is_float(builder_.type(node.operands[0]).element) ? at_most_non_negative(operand(0)) : Sign::any;
    return Sign::any;
  }

  Sign power(const Node& node) {
    const std::optional<double> exponent = build::known_splat(builder_, node.operands[1]);
    const bool even = exponent && std::fmod(*exponent, 2) == 0;
    return even ? Sign::non_negative : at_most_non_negative(of(node.operands[0]));
  }

  Sign across_elements(const Node& node) {
    const Op* op = node.op;
    const auto operand = [&](size_t i) { return of(node.operands[i]); };
    if (op == &ops::mark || op == &ops::stop_gradient || op == &ops::custom_gradient || op == &ops::reshape ||
        op == &ops::transpose || op == &ops::broadcast || op == &ops::slice || op == &ops::reverse ||
        op == &ops::max || op == &ops::min || op == &ops::sort || op == &ops::top_k)
      return operand(0);
    if (op == &ops::sum || op == &ops::prod || op == &ops::cumsum || op == &ops::gather ||
        op == &ops::dynamic_slice || op == &ops::scatter_add)
      return at_most_non_negative(operand(0));
    if (op == &ops::reduce_window && node.attributes.text("kind") == "sum")
      return at_most_non_negative(operand(0));
    if (op == &ops::pad) return weaker(operand(0), operand(1));
    if (op == &ops::concat) {
      Sign sign = Sign::positive;
      for (const Value part : node.operands) sign = weaker(sign, of(part));
      return sign;
    }
    if (op == &ops::dot)
      return is_sum_of_squares(node) ? Sign::non_negative
                                     : at_most_non_negative(weaker(operand(0), operand(1)));
    return Sign::any;
  }

  // x · x, over every axis that the two do not share with the result.
  bool is_sum_of_squares(const Node& node) const {
    const AxisPairs* contract = node.attributes.axis_pairs("contract");
    const AxisPairs* batch = node.attributes.axis_pairs("batch");
    if (node.operands[0] != node.operands[1] || contract->left != contract->right) return false;
    if (batch && batch->left != batch->right) return false;
    const size_t paired = contract->left.size() + (batch ? batch->left.size() : 0);
    return paired == builder_.shape(node.operands[0]).size();
  }

  const GraphBuilder& builder_;
  std::map<Value, Sign> known_;
  int visited_ = 0;
};

}  // namespace

Sign sign_of(const GraphBuilder& builder, Value value) { return Signs(builder).of(value); }

}  // namespace gradus
