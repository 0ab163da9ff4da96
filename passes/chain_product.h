// The product of an adjoint and a slope.
#pragma once

#include <vector>

#include "ir/builder.h"

namespace gradus {

// Where nothing flows, as in the branch of `where` that was not taken or in the rows that nobody reads, the
// adjoint is 0, and the slope may be infinite or NaN, be it as a slope or because the values that it is made
// of are: data that are missing, an outlier whose square overflowed. The derivative there is 0, not 0 · ∞. So
// a product of what may vanish and of what is not known to be finite is `mul_no_nan`, whose own derivatives
// are such products again: this holds to every order. Where it cannot come to that the product is `mul`. What
// depends on data is never known to be finite.
//
// A slope p / q that a rule made, as -y / q of y = a / q, may underflow although its product with the adjoint
// is an ordinary number: it is multiplied as (adjoint · p) · 1/q. For adjoint · y is the derivative by log y,
// which is about as large as what is differentiated, however large or small y and its adjoint are by
// themselves.
class ChainProduct {
 public:
  // In the body of a scan adjoints come from outside: what flows in may be 0.
  ChainProduct(GraphBuilder& builder, bool in_body) : builder_(builder), in_body_(in_body) {}

  Value operator()(Value adjoint, Value slope);

 private:
  Value plain(Value adjoint, Value slope);
  Value times_quotient(Value adjoint, Value slope);
  struct Facts {
    bool vanishes = false;  // an element may be 0 because a mask or a move of elements put it there
    bool finite = false;    // no element can be infinite or NaN, as long as parameters are not
  };
  const Facts& facts(Value value);
  Facts derive(const Node& node) const;
  bool vanishes(const Node& node) const;
  bool finite(const Node& node) const;

  GraphBuilder& builder_;
  bool in_body_;
  std::vector<Facts> facts_;  // of the first nodes
};

}  // namespace gradus
