// Infix formulas as values: sums and products stay open until they are written, so that signs, constants and
// powers find their places.
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
  static Formula product(const Formula& a, const Formula& b, bool divide);
  static Formula negated(Formula a);
  static Formula power(const Formula& base, const Formula& exponent);

  std::string text() const;
  // In parentheses where it stands among operators that bind more tightly than a comparison.
  std::string text_in_comparison() const;

 private:
  enum class Kind : uint8_t { atom, product, sum, lowest };
  enum class Rank : uint8_t { number, name, other };

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
    int64_t count = 1;
  };

  Formula as_product() const;
  Formula as_sum() const;
  void multiply(const Factor& factor, bool below);
  std::string product_text() const;
  static std::string factor_text(const Factor& factor);

  Kind kind_ = Kind::atom;
  Rank rank_ = Rank::other;  // of an atom
  std::string atom_;         // atom, lowest
  bool is_power_ = false;    // an atom such as x^n that is no base
  bool negative_ = false;    // product
  std::vector<Factor> above_, below_;
  std::vector<Term> terms_;  // sum
};

// The formula of a node whose operands have these.
Formula write_node(const Graph& graph, const Node& node, std::vector<Formula> operands);

}  // namespace gradus
