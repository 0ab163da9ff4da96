// Interprets scalar expressions (ir/loop/expression.h) over the evaluator's scalars.
//
// Integers: operations wrap; division by zero gives 0 and so does its remainder; shifts by a negative amount
// or by the width and more give 0.
#pragma once

#include <optional>
#include <span>

#include "ir/evaluate/rule.h"
#include "ir/loop/expression.h"

namespace gradus::evaluate {

// `number` for float types, `integer` for the rest.
template <class T>
struct Scalar {
  T number{};
  int64_t integer = 0;
};

// An expression as a list of steps; sub-expressions shared by pointer are computed once.
class ScalarProgram {
 public:
  explicit ScalarProgram(const loop::Expression& root);
  ElementType type() const { return steps_.back().node->type; }

  template <class T>
  Scalar<T> run(std::span<const Scalar<T>> arguments, std::vector<Scalar<T>>& scratch) const;

 private:
  struct Step {
    const loop::ExpressionNode* node;
    std::vector<size_t> operands;
  };
  loop::Expression root_;
  std::vector<Step> steps_;
};

// Integer to float: rounds once.
double number_from(ElementType type, int64_t value);
// None if a double cannot hold the integer.
std::optional<double> exact_double(int64_t integer);

// One operation on its operands' values, not yet rounded to the node's type; neither a placeholder, a
// variable nor a load.
Scalar<double> apply(const loop::ExpressionNode& node, const Scalar<double>* const* operands);

}  // namespace gradus::evaluate
