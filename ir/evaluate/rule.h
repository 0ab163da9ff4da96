// What an op record says about its meaning: one generic function, instantiated for every scalar.
//
//   static constexpr evaluate::Rule cumsum_rule = evaluate::make_rule([](auto& call) { … });
//
// `call` is a Call<T>&; it reads `call.operand(i)` and fills `call.result(i)`, which is there already, of the
// node's type and zero everywhere. Results are rounded to the declared type afterwards, by the evaluator.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "ir/evaluate/bounded.h"
#include "ir/evaluate/dual.h"
#include "ir/graph.h"
#include "ir/op.h"
#include "ir/type.h"

namespace gradus::evaluate {

// A dense row-major array. `floats` holds the elements of float types, `integers` those of integers and bool
// (0 or 1), wrapped to the declared type.
template <class T>
struct Array {
  Type type;
  std::vector<T> floats;
  std::vector<int64_t> integers;

  Array() = default;
  explicit Array(Type of) : type(std::move(of)) {  // zeros
    const auto count = static_cast<size_t>(element_count(type.shape));
    if (is_float(type.element))
      floats.assign(count, T(0.0));
    else
      integers.assign(count, 0);
  }
  size_t size() const { return is_float(type.element) ? floats.size() : integers.size(); }
  const Shape& shape() const { return type.shape; }
  bool holds_floats() const { return is_float(type.element); }
};

struct EvaluateOptions {
  // false: f32 stays double between ops. Over Bounded the value stays double in any case; the bound is that
  // of arithmetic in the declared types, or in double.
  bool round_to_declared = true;
  // A gradient node takes one pass per element of its xs; with more elements than this it is NotAvailable.
  int64_t gradient_elements = int64_t{1} << 40;
};

template <class T>
struct Call {
  const Node& node;
  std::vector<const Array<T>*> operands;
  std::vector<Array<T>> results;
  const EvaluateOptions& options;

  const Array<T>& operand(size_t i = 0) const { return *operands[i]; }
  Array<T>& result(size_t i = 0) { return results[i]; }
  const Attributes& attributes() const { return node.attributes; }
  // Evaluates the node's body.
  std::vector<Array<T>> run_body(std::vector<Array<T>> inputs) const;
};

// One function per scalar.
struct Rule {
  void (*real)(Call<double>&) = nullptr;
  void (*dual)(Call<Dual<double>>&) = nullptr;
  void (*dual_dual)(Call<Dual<Dual<double>>>&) = nullptr;
  void (*complex)(Call<Complex>&) = nullptr;
  void (*dual_complex)(Call<Dual<Complex>>&) = nullptr;
  void (*bounded)(Call<Bounded>&) = nullptr;

  void operator()(Call<double>& call) const { real(call); }
  void operator()(Call<Dual<double>>& call) const { dual(call); }
  void operator()(Call<Dual<Dual<double>>>& call) const { dual_dual(call); }
  void operator()(Call<Complex>& call) const { complex(call); }
  void operator()(Call<Dual<Complex>>& call) const { dual_complex(call); }
  void operator()(Call<Bounded>& call) const { bounded(call); }
};

template <class F>
constexpr Rule make_rule(F) {
  return {[](Call<double>& call) { F{}(call); },
          [](Call<Dual<double>>& call) { F{}(call); },
          [](Call<Dual<Dual<double>>>& call) { F{}(call); },
          [](Call<Complex>& call) { F{}(call); },
          [](Call<Dual<Complex>>& call) { F{}(call); },
          [](Call<Bounded>& call) { F{}(call); }};
}

// ---- helpers for rules

// f(to's elements, from's elements) on the vectors that hold them; both arrays hold floats or both do not.
template <class T, class F>
void with_elements(Array<T>& to, const Array<T>& from, F f) {
  if (from.holds_floats())
    f(to.floats, from.floats);
  else
    f(to.integers, from.integers);
}

// f(indices, flat index) for every element of a shape in row-major order.
template <class F>
void for_each_index(const Shape& shape, F f) {
  const int64_t count = element_count(shape);
  std::vector<int64_t> index(shape.size(), 0);
  for (int64_t flat = 0; flat < count; ++flat) {
    f(std::as_const(index), static_cast<size_t>(flat));
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

inline size_t flat_index(std::span<const int64_t> index, std::span<const int64_t> strides) {
  int64_t flat = 0;
  for (size_t axis = 0; axis < index.size(); ++axis) flat += index[axis] * strides[axis];
  return static_cast<size_t>(flat);
}

// Rounds to the declared type: nearest even for floats (the primal only), two's complement for integers.
double round_number(ElementType type, double value);
int64_t wrap_integer(ElementType type, int64_t value);
// The value as the declared type holds it: ends a sum under way and adds what a narrower type loses.
Bounded settle(ElementType type, const Bounded& value);
// Float to integer as `cast` does: truncates, saturates, NaN gives 0; bool: not zero.
int64_t integer_from(ElementType type, double value);

double unit_roundoff(ElementType type);
// Says that compiled code gives a number only up to so many unit roundoffs of the type.
template <class T>
void add_units(T&, ElementType, double) {}
inline void add_units(Bounded& x, ElementType type, double units) { x.bound += units * unit_roundoff(type); }

template <class T>
T round_scalar(ElementType type, const T& value) {
  switch (type) {
    case ElementType::f32:
      return map_primal(value, [](double x) { return round_number(ElementType::f32, x); });
    case ElementType::bf16:
      return map_primal(value, [](double x) { return round_number(ElementType::bf16, x); });
    case ElementType::f16:
      return map_primal(value, [](double x) { return round_number(ElementType::f16, x); });
    default:
      return value;
  }
}

}  // namespace gradus::evaluate
