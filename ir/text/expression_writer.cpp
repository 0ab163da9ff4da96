#include "ir/text/expression_writer.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "ir/op.h"
#include "ir/shown_text.h"

namespace gradus {

Formula Formula::name(std::string text) {
  Formula f;
  f.rank_ = Rank::name;
  f.atom_ = std::move(text);
  return f;
}

Formula Formula::number(double value, ElementType type) {
  Formula f;
  f.kind_ = Kind::product;
  f.negative_ = std::signbit(value) && !std::isnan(value);
  const double magnitude = unsigned_nan(std::fabs(value));
  const std::string text = type == ElementType::f32 ? fmt::format("{}", static_cast<float>(magnitude))
                                                    : fmt::format("{}", magnitude);
  f.above_ = {{text, Rank::number, 1, false}};
  return f;
}

Formula Formula::number(int64_t value) {
  Formula f;
  f.kind_ = Kind::product;
  f.negative_ = value < 0;
  const std::string text = fmt::format("{}", value);
  f.above_ = {{f.negative_ ? text.substr(1) : text, Rank::number, 1, false}};
  return f;
}

Formula Formula::literal(std::string text) {
  Formula f;
  f.rank_ = Rank::number;
  f.atom_ = std::move(text);
  return f;
}

Formula Formula::call(std::string text) {
  Formula f;
  f.atom_ = std::move(text);
  return f;
}

Formula Formula::infix(std::string text) {
  Formula f;
  f.kind_ = Kind::lowest;
  f.atom_ = std::move(text);
  return f;
}

Formula Formula::as_product() const {
  if (kind_ == Kind::product) return *this;
  Formula f;
  f.kind_ = Kind::product;
  const bool atom = kind_ == Kind::atom;
  f.above_ = {{atom ? atom_ : "(" + text() + ")", atom ? rank_ : Rank::other, 1, is_power_}};
  return f;
}

Formula Formula::as_sum() const {
  if (kind_ == Kind::sum) return *this;
  Formula f;
  f.kind_ = Kind::sum;
  if (kind_ == Kind::product) {
    Formula positive = *this;
    positive.negative_ = false;
    const bool has_number =
        std::any_of(above_.begin(), above_.end(), [](const Factor& x) { return x.rank == Rank::number; });
    f.terms_ = {{negative_, positive.product_text(), has_number || is_quotient()}};
  } else {
    f.terms_ = {{false, kind_ == Kind::lowest ? "(" + atom_ + ")" : atom_, false}};
  }
  return f;
}

Formula Formula::in_parentheses() const {
  Formula f;
  f.kind_ = Kind::product;
  f.above_ = {{"(" + text() + ")", Rank::other, 1, false}};
  return f;
}

bool Formula::is_quotient() const {
  return !below_.empty() ||
         std::any_of(above_.begin(), above_.end(), [](const Factor& x) { return x.rank == Rank::quotient; });
}

Formula Formula::sum(const Formula& a, const Formula& b, bool subtract) {
  Formula f = a.as_sum();
  Term term = (b.kind_ == Kind::sum ? b.in_parentheses() : b).as_sum().terms_[0];
  term.negative = term.negative != subtract;
  const Term& first = f.terms_[0];
  if (f.terms_.size() > 1 || first.has_number || first.text != term.text || first.negative != term.negative) {
    f.terms_.push_back(std::move(term));
    return f;
  }
  Formula doubled = b.as_product();  // x + x is 2 * x
  doubled.negative_ = term.negative;
  doubled.above_.insert(doubled.above_.begin(), {"2", Rank::number, 1, false});
  return doubled;
}

void Formula::multiply(const Factor& factor, bool below) {
  std::vector<Factor>& list = below ? below_ : above_;
  const auto same = std::find_if(list.begin(), list.end(), [&](const Factor& other) {
    return other.rank != Rank::number && !other.is_power && other.text == factor.text;
  });
  if (same != list.end())
    same->exponent += factor.exponent;
  else
    list.push_back(factor);
}

Formula Formula::product(const Formula& a, const Formula& b, ProductSign sign) {
  Formula f = a.as_product();
  Formula other = b.as_product();
  const bool divide = sign != ProductSign::times, floors = sign == ProductSign::floor_divided;
  const bool quotients = f.is_quotient() && other.is_quotient() && !divide;
  if (other.is_quotient() || (floors && other.negative_)) other = other.in_parentheses();
  if (quotients || (floors && f.negative_) || (f.floors_ && other.negative_)) f = f.in_parentheses();
  if (!f.below_.empty()) {
    const bool negative = std::exchange(f.negative_, false);
    f.above_ = {{f.product_text(), Rank::quotient, 1, false}};
    f.below_.clear();
    f.negative_ = negative;
  }
  f.negative_ = f.negative_ != other.negative_;
  f.below_floors_ = floors;
  f.floors_ = f.floors_ || floors;
  for (const Factor& factor : other.above_) f.multiply(factor, divide);
  return f;
}

Formula Formula::negated(Formula a) {
  if (a.kind_ == Kind::sum) {
    for (Term& term : a.terms_) term.negative = !term.negative;
    // y - x rather than -x + y
    if (a.terms_.size() == 2 && a.terms_[0].negative && !a.terms_[1].negative)
      std::swap(a.terms_[0], a.terms_[1]);
    return a;
  }
  Formula f = a.floors_ ? a.in_parentheses() : a.as_product();
  f.negative_ = !f.negative_;
  return f;
}

Formula Formula::power(const Formula& base, const Formula& exponent, bool fractions) {
  const Formula n = exponent.as_product();
  int64_t whole = 0;
  if (exponent.kind_ == Kind::product && n.above_.size() == 1 && n.below_.empty()) {
    const std::string& digits = n.above_[0].text;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), whole);
    if (read.ec != std::errc() || read.ptr != digits.data() + digits.size()) whole = 0;
  }
  Formula f = base.as_product();
  const bool single = !f.negative_ && f.above_.size() == 1 && f.below_.empty() && !base.is_power_;
  const bool is_number = single && f.above_[0].rank == Rank::number;
  if (!single || is_number || f.above_[0].exponent != 1) {
    const bool paren = !is_number;
    f = Formula();
    f.kind_ = Kind::product;
    f.above_ = {{paren ? "(" + base.text() + ")" : base.text(), Rank::other, 1, false}};
  }
  if (whole != 0 && (fractions || !n.negative_)) {
    f.above_[0].exponent = whole;
    if (n.negative_) {
      f.below_ = {f.above_[0]};
      f.above_ = {{"1", Rank::number, 1, false}};
    }
    return f;
  }
  Formula result;
  const bool bare = exponent.kind_ == Kind::atom && !exponent.is_power_;
  const std::string power = exponent.text();
  const bool number = power.find_first_not_of("0123456789.") == std::string::npos;
  result.atom_ = fmt::format("{}^{}", f.above_[0].text, bare || number ? power : "(" + power + ")");
  result.rank_ = f.above_[0].rank;
  result.is_power_ = true;
  return result;
}

std::string Formula::factor_text(const Factor& factor) {
  return factor.exponent == 1 ? factor.text : fmt::format("{}^{}", factor.text, factor.exponent);
}

std::string Formula::product_text() const {
  const auto join = [](std::vector<Factor> factors) {
    if (factors.size() > 1)
      std::erase_if(factors, [](const Factor& f) { return f.rank == Rank::number && f.text == "1"; });
    std::stable_sort(factors.begin(), factors.end(),
                     [](const Factor& a, const Factor& b) { return a.rank < b.rank; });
    std::vector<std::string> texts;
    for (const Factor& factor : factors) texts.push_back(factor_text(factor));
    if (texts.empty()) texts.push_back("1");
    return fmt::format("{}", fmt::join(texts, " * "));
  };
  std::string out = (negative_ ? "-" : "") + join(above_);
  if (below_.empty()) return out;
  out += below_floors_ ? " // " : " / ";
  return out + (below_.size() == 1 ? factor_text(below_[0]) : "(" + join(below_) + ")");
}

std::string Formula::text() const {
  switch (kind_) {
    case Kind::atom:
    case Kind::lowest:
      return atom_;
    case Kind::product:
      return product_text();
    case Kind::sum:
      break;
  }
  std::string out;
  for (const Term& term : terms_) {
    out += out.empty() ? (term.negative ? "-" : "") : (term.negative ? " - " : " + ");
    out += out == "-" && term.text.find("//") != std::string::npos ? "(" + term.text + ")" : term.text;
  }
  return out;
}

std::string Formula::text_in_comparison() const { return kind_ == Kind::lowest ? "(" + atom_ + ")" : text(); }

namespace {

std::string list_text(const std::vector<Formula>& operands) {
  std::string out;
  for (const Formula& operand : operands) out += (out.empty() ? "" : ", ") + operand.text();
  return out;
}

Formula constant(const Node& node) {
  constexpr size_t longest = 8;
  const ElementType type = node.types[0].element;
  const AttributeValue* value = node.attributes.find("value");
  if (value) {
    if (const double* number = std::get_if<double>(value)) return Formula::number(*number, type);
    const int64_t integer = node.attributes.integer("value");
    if (type == ElementType::boolean) return Formula::name(integer ? "true" : "false");
    return Formula::number(integer);
  }
  const AttributeValue* values = node.attributes.find("values");
  std::vector<std::string> texts;
  if (const auto* numbers = values ? std::get_if<std::vector<double>>(values) : nullptr)
    for (double number : *numbers) texts.push_back(Formula::number(number, type).text());
  else if (const auto* integers = values ? std::get_if<std::vector<int64_t>>(values) : nullptr)
    for (int64_t integer : *integers) texts.push_back(fmt::format("{}", integer));
  if (texts.size() > longest)
    return Formula::literal(fmt::format("constant{}", to_string(node.types[0].shape)));
  const std::string all = fmt::format("[{}]", fmt::join(texts, ", "));
  const bool flat = node.types[0].shape.size() == 1;
  return Formula::literal(flat ? all : fmt::format("reshape({}, {})", all, to_string(node.types[0].shape)));
}

std::string_view infix_sign(OpId op) {
  switch (op) {
    case OpId::equal:
      return "==";
    case OpId::not_equal:
      return "!=";
    case OpId::less:
      return "<";
    case OpId::less_equal:
      return "<=";
    case OpId::greater:
      return ">";
    case OpId::greater_equal:
      return ">=";
    case OpId::logical_and:
      return "and";
    case OpId::logical_or:
      return "or";
    default:
      return "";
  }
}

// Attributes that go without saying are left out: all axes of a reduction, a plain matrix product, two axes
// swapped.
bool is_plain(const Graph& graph, const Node& node) {
  const Shape& shape = graph.type(node.operands[0]).shape;
  const OpId op = node.op->id;
  if (op == OpId::maximum || op == OpId::minimum) return true;
  if (op == OpId::sum || op == OpId::prod || op == OpId::max || op == OpId::min || op == OpId::any ||
      op == OpId::all)
    return node.attributes.integers_or("axes", {}).size() == shape.size();
  if (op == OpId::transpose) return node.attributes.integers_or("dims", {}) == std::vector<int64_t>{1, 0};
  if (op != OpId::dot) return node.attributes.empty();
  const AxisPairs* contract = node.attributes.axis_pairs("contract");
  const AxisPairs* batch = node.attributes.axis_pairs("batch");
  return contract && (!batch || batch->left.empty()) &&
         contract->left == std::vector<int64_t>{static_cast<int64_t>(shape.size()) - 1} &&
         contract->right == std::vector<int64_t>{0};
}

Formula function(const Graph& graph, const Node& node, const std::vector<Formula>& operands) {
  std::string_view name = node.op->name;
  if (node.op->id == OpId::maximum) name = "max";
  if (node.op->id == OpId::minimum) name = "min";
  std::string arguments = list_text(operands);
  if (node.operands.empty() || !is_plain(graph, node))
    for (const auto& [key, value] : node.attributes)
      arguments += fmt::format("{}{}={}", arguments.empty() ? "" : ", ", key, to_string(value));
  return Formula::call(fmt::format("{}({})", name, arguments));
}

}  // namespace

Formula write_node(const Graph& graph, const Node& node, std::vector<Formula> operands) {
  const OpId op = node.op->id;
  if (op == OpId::constant) return constant(node);
  if (op == OpId::add || op == OpId::sub) return Formula::sum(operands[0], operands[1], op == OpId::sub);
  const bool floats = !node.types.empty() && is_float(node.types[0].element);
  if (op == OpId::mul) return Formula::product(operands[0], operands[1], Formula::ProductSign::times);
  if (op == OpId::div)
    return Formula::product(operands[0], operands[1],
                            floats ? Formula::ProductSign::divided : Formula::ProductSign::floor_divided);
  if (op == OpId::neg) return Formula::negated(std::move(operands[0]));
  if (op == OpId::pow) return Formula::power(operands[0], operands[1], floats);
  if (op == OpId::cast)
    return Formula::call(fmt::format("{}({})", name(node.types[0].element), operands[0].text()));
  if (const std::string_view sign = infix_sign(op); !sign.empty())
    return Formula::infix(
        fmt::format("{} {} {}", operands[0].text_in_comparison(), sign, operands[1].text_in_comparison()));
  return function(graph, node, operands);
}

}  // namespace gradus
