// The product of an adjoint and a slope.
#pragma once

#include <vector>

#include "ir/builder.h"

namespace gradus {

// Where nothing flows, as in the branch of `where` that was not taken or in the rows that nobody reads, the
// adjoint is 0, and the slope may be infinite or NaN. The derivative there is 0, not 0 · ∞: such products are
// `mul_no_nan`, whose own derivatives are such products again, so this holds to every order. Where it cannot
// come to that, by the ops that made adjoint and slope, the product is `mul`.
//
// A slope p / q that a rule made, as that of 1 / q, may underflow although its product with a large adjoint is
// an ordinary number: it is multiplied as (adjoint · 1/q) · p.
class ChainProduct {
 public:
  // In the body of a scan adjoints come from outside: what flows in may be 0.
  ChainProduct(GraphBuilder& builder, bool in_body) : builder_(builder), in_body_(in_body) {}

  Value operator()(Value adjoint, Value slope);

 private:
  Value plain(Value adjoint, Value slope);
  Value times_quotient(Value adjoint, Value slope);
  struct Facts {
    bool vanishes = false;   // an element may be 0 because a mask or a move of elements put it there
    bool unbounded = false;  // an element may be infinite or NaN, though inputs are finite
    bool data = false;       // data as they come: NaN may stand for what is missing
  };
  const Facts& facts(Value value);
  Facts derive(const Node& node) const;
  bool vanishes(const Node& node) const;
  bool unbounded(const Node& node) const;
  bool data(const Node& node) const;

  GraphBuilder& builder_;
  bool in_body_;
  std::vector<Facts> facts_;  // of the first nodes
};

}  // namespace gradus
