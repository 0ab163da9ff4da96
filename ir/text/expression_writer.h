// Infix formulas as values: sums and products stay open until they are written, so that signs, constants and
// powers find their places. The factors of a product may change places; sums and quotients are grouped as the
// graph computes them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/graph.h"

namespace gradus {

class Formula {
 public:
  Formula() = default;
  static Formula name(std::string text);
  static Formula number(double value, ElementType type);
  static Formula number(int64_t value);
  static Formula literal(std::string text);  // [1, 2]: sorted as a number
  static Formula call(std::string text);     // f(…), complete
  static Formula infix(std::string text);    // a < b and the like: the lowest precedence
  static Formula sum(const Formula& a, const Formula& b, bool subtract);
  enum class ProductSign : uint8_t { times, divided, floor_divided };
  static Formula product(const Formula& a, const Formula& b, ProductSign sign);
  static Formula negated(Formula a);
  // `fractions`: x^-2 is 1 / x^2; not so for integers.
  static Formula power(const Formula& base, const Formula& exponent, bool fractions);

  std::string text() const;
  // In parentheses where it stands among operators that bind more tightly than a comparison.
  std::string text_in_comparison() const;

 private:
  enum class Kind : uint8_t { atom, product, sum, lowest };
  enum class Rank : uint8_t {
    quotient /* x / y, to the left of what it is multiplied with */,
    number,
    name,
    other
  };

  struct Factor {
    std::string text;  // of the base, in parentheses where it needs them
    Rank rank = Rank::other;
    int64_t exponent = 1;
    bool is_power = false;  // x^n with an n that is no number: it takes no exponent
  };
  struct Term {
    bool negative = false;
    std::string text;
    bool has_number = false;  // begins with a number
  };

  Formula as_product() const;
  Formula as_sum() const;
  Formula in_parentheses() const;  // a product of one factor
  bool is_quotient() const;
  void multiply(const Factor& factor, bool below);
  std::string product_text() const;
  static std::string factor_text(const Factor& factor);

  Kind kind_ = Kind::atom;
  Rank rank_ = Rank::other;  // of an atom
  std::string atom_;         // atom, lowest
  bool is_power_ = false;    // an atom such as x^n that is no base
  bool negative_ = false;    // product
  std::vector<Factor> above_, below_;
  bool below_floors_ = false;  // x // y
  bool floors_ = false;  // there is a // without parentheses: a sign would be taken for that of its left side
  std::vector<Term> terms_;  // sum
};

// The formula of a node whose operands have these.
Formula write_node(const Graph& graph, const Node& node, std::vector<Formula> operands);

}  // namespace gradus
