// Draws one op after the other into a graph; the work behind random_graph.
#pragma once

#include <random>

#include "ir/builder.h"
#include "tests/support/random_graph.h"

namespace gradus::testing {

class GraphDrawer {
 public:
  GraphDrawer(uint64_t seed, const RandomGraphOptions& options);

  GraphBuilder& builder() { return b_; }
  ElementType element() const { return element_; }
  void step();  // one more op of a random family
  std::vector<evaluate::Array<double>> take_inputs() { return std::move(inputs_); }

  int64_t between(int64_t low, int64_t high);  // both included
  bool chance(double probability);
  double real(double low, double high);

  Value recent_float();  // a float value, late ones more often
  Value any_value();
  Value in_element(Value x, ElementType element);
  Value status();  // of the lookups drawn so far; none if there are none

 private:
  // A body's drawer: its values are inputs of the body, and no input is added.
  GraphDrawer(GraphDrawer& outer, std::string name);

  using Family = Value (GraphDrawer::*)();
  static const std::vector<std::pair<double, Family>>& families();

  Value unary();
  Value binary();
  Value choice();
  Value shape_op();
  Value reduction();
  Value dot();
  Value convolution();
  Value window();
  Value indexed();
  Value random_numbers();
  Value integers();
  Value identity();
  Value call();
  Value scan();

  template <class T>
  const T& pick(const std::vector<T>& list) {
    return list[static_cast<size_t>(between(0, static_cast<int64_t>(list.size()) - 1))];
  }
  int64_t extent(int64_t most);
  Shape shape(int64_t most_rank, int64_t most_elements);
  Value parameter(const Type& type);  // a new input, or a constant
  Value positions(const Shape& shape, int64_t below);
  Value float_of_rank(int64_t low, int64_t high);
  Value small_float(int64_t most_elements);
  Value like(Value x);                   // another float of x's type
  Value fit(Value x, const Type& type);  // made to be of a type
  Value positive(Value x);               // x² + c
  Value squashed(Value x);
  Value keep(Value x);
  Attributes with_check(Attributes attributes) const;
  bool small_enough(const Shape& shape) const;
  std::vector<int64_t> axes_of(Value x);

  RandomGraphOptions options_;
  std::mt19937_64& engine_;
  std::mt19937_64 own_engine_;
  GraphBuilder b_;
  ElementType element_ = ElementType::f32;
  bool in_body_ = false;
  std::vector<Value> floats_, others_;
  std::vector<evaluate::Array<double>> inputs_;
  std::vector<Value> checks_;  // second results of lookups
  Value seed_, step_;
  int depth_ = 0;  // of bodies
};

}  // namespace gradus::testing
