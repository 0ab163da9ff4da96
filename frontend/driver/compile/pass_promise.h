// What passes promise of the results of a graph, checked on given inputs by the evaluator.
//
// A result that a user wrote is the same number in IEEE arithmetic, to the running error bound of both graphs
// (ir/evaluate/bounded.h), or the same infinity, or NaN. After `stabilize` it stays finite where it was and
// is the same number to that bound; an infinity may become finite, but not NaN. A derivative stays finite
// where it was and is the same number; where it was not finite it may be anything.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/evaluate/evaluate.h"
#include "ir/graph.h"

namespace gradus {

class PassPromise {
 public:
  using Arrays = std::vector<evaluate::Array<double>>;
  enum class Strength {
    ieee,
    stabilized,
    keeps_finite,
  };

  // `reference` has no gradient nodes. Throws evaluate::Ambiguous if a comparison is decided by rounding.
  PassPromise(const Graph& reference, Arrays inputs);

  // What the results and updates of `after`, a graph of the same results without gradient nodes, break of the
  // promise; empty if they keep it. `found` are its results by other means than the evaluator, such as
  // compiled code.
  std::string broken_by(const Graph& after, Strength strength);
  std::string broken_by(const Graph& after, const Arrays& found, Strength strength);

  // Whether a comparison sees an infinity or NaN: another branch may be taken once `stabilize` made it
  // finite.
  bool compares_infinities() const;

  // How many elements were looked at so far, and of how many the promise says something.
  size_t elements() const { return elements_; }
  size_t compared() const { return compared_; }

 private:
  struct Number {
    double value = 0;    // in arithmetic of the declared types
    double precise = 0;  // in double
    double bound = 0;    // of what rounding does; not finite where it says nothing
  };
  using Numbers = std::vector<std::vector<Number>>;  // per result and element; empty for integers

  Arrays evaluated(const Graph& graph, bool round_to_declared = true) const;
  Numbers numbers_of(const Graph& graph) const;
  void find_poles();
  bool says_something(const Number& expected, Strength strength) const;
  bool agrees(double number, const Number& expected, double bound, Strength strength) const;

  const Graph& reference_;
  Arrays inputs_;
  Numbers expected_;
  std::vector<bool> by_user_;  // by result: nothing in it is a derivative's
  bool pole_ = false;          // some number is 0 only by how it was rounded
  size_t elements_ = 0, compared_ = 0;
};

// Whether the result depends on nodes that only derivatives asked for.
bool depends_on_derivatives(const Graph& graph, Value result);

}  // namespace gradus
