// What an op is. Each op is one `Op` record in one file under ir/ops/; ir/ops/all_ops.cpp lists them all.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "ir/access.h"
#include "ir/builder.h"
#include "ir/graph.h"
#include "ir/loop/expression.h"
#include "ir/op_id.h"

namespace gradus {

namespace evaluate {
struct Rule;  // ir/evaluate/rule.h: the op's meaning over double, dual and complex arrays
}

// The operands do not fit the op; the message says what was found and what was expected.
class ShapeError : public std::runtime_error {
 public:
  explicit ShapeError(const std::string& message, std::string hint = {})
      : std::runtime_error(message), hint(std::move(hint)) {}
  std::string hint;
};

enum class OpFamily { elementwise, shape, reduction, contraction, window, indexed, random, control };

// Where an element of a result comes from.
enum class Access : uint8_t {
  outside,        // nowhere in the graph: inputs
  generated,      // its own index and scalars: constants, counters, random draws
  elementwise,    // the elements of the operands at its own index
  view,           // one element of operand 0, at an index that the attributes fix
  computed_view,  // one element of one operand, or a number, by cases or by an index that an operand holds
  reduction,      // many elements along axes, folded into one value
  search,         // many elements along axes: the index of one of them
  contraction,    // sums of products
  window,         // many elements around its index
  running,        // the elements along an axis up to its index
  scatter,        // the elements whose indices, which an operand holds, are its own
  ordering,       // one element along an axis, by where it stands in the order of all
  opaque,         // anything else; the op is computed as a whole
};

// What an element costs beside the operands' elements.
enum class Cost : uint8_t {
  free,      // computes nothing
  cheap,     // an instruction or two of a few cycles: sums, products, comparisons, rounding, bits
  moderate,  // an instruction of long latency: quotients, roots
  costly,    // an expansion into tens of instructions: exp, tanh, powers, random bits
};

// What a reduction makes of many elements, or a search looks for among them.
enum class Fold : uint8_t { none, sum, product, maximum, minimum, any, all };

// What passes, lowering and tools ask about an op, so that none of them keeps a list of names.
struct Traits {
  Access access = Access::opaque;
  Cost cost = Cost::cheap;
  Fold fold = Fold::none;
  // Of finite operands the result is finite.
  bool keeps_finite = false;
  // So it is where the first operand is infinite (exp: at one of the two, the other one shows).
  bool finite_at_infinity = false;
  // NaN comes of an infinite operand too (a sine), not of NaN alone.
  bool nan_at_infinity = false;
  // An infinite operand decides which way it goes.
  bool compares = false;
  bool takes_body = false;
};

// An attribute as the verifier checks it and the documentation lists it.
struct AttributeSpec {
  std::string name;
  std::string documentation;
  AttributeValue example;  // its alternative is the attribute's type
  bool required = true;
};

// What shape inference sees. The number of operands and the presence and types of attributes have been
// checked.
struct OpUse {
  const Op& op;
  std::vector<Type> operands;
  const Attributes& attributes;
  const Graph* body;
};

// What a derivative rule sees: the primal node's values in the graph being built.
struct GradientUse {
  GraphBuilder& builder;
  const Node node;              // operands are values of `builder`
  uint32_t index;               // node index, to form results
  std::vector<Value> adjoints;  // one per result; none where nothing depends on it
  std::vector<bool> wanted;     // per operand, whether its adjoint is of use; empty: all of them

  Value operand(size_t i) const { return node.operands[i]; }
  Value result(size_t i = 0) const { return {index, static_cast<uint32_t>(i)}; }
  Value adjoint(size_t i = 0) const { return adjoints[i]; }
  bool wants(size_t i) const { return wanted.empty() || wanted[i]; }
};

struct NotDifferentiable {
  std::string reason;
};
// Integers, comparisons, floor, sign …: the derivative is zero wherever it exists.
struct PiecewiseConstant {};
// Elementwise: ∂result/∂operand i as a value of the result's shape. A null function: zero.
struct Partials {
  std::vector<std::function<Value(const GradientUse&)>> by_operand;
};
// Linear in each of the listed operands: the transposed map applied to the adjoint of result 0.
struct Transpose {
  std::function<Value(const GradientUse&, size_t operand)> apply;
  std::vector<size_t> operands;  // linear in these; the others have no adjoint
};
// Anything else: one adjoint per operand (none = zero).
struct Adjoint {
  std::function<std::vector<Value>(const GradientUse&)> apply;
};
using Differentiation = std::variant<NotDifferentiable, PiecewiseConstant, Partials, Transpose, Adjoint>;

// How a node of the op reads its operands.
using AccessRule = NodeAccess (*)(const Graph&, const Node&);

// Scalar meaning of an elementwise op: arguments in, expression out.
using ScalarRule =
    std::function<loop::Expression(std::span<const loop::Expression> arguments, const Attributes&)>;

struct Op {
  OpId id;
  std::string_view name = gradus::name(id);
  OpFamily family = OpFamily::elementwise;
  Traits traits = {};
  std::string summary = {};  // one or two sentences
  std::string formula = {};  // y_i = …
  int min_operands = 1;
  int max_operands = 1;  // -1: any number
  std::vector<AttributeSpec> attributes = {};
  std::function<std::vector<Type>(const OpUse&)> infer = {};
  Differentiation differentiation = NotDifferentiable{"no rule"};
  const evaluate::Rule* evaluate = nullptr;  // null for elementwise ops, whose meaning is `scalar`
  ScalarRule scalar = {};
  View view = nullptr;         // of Access::view: where its elements lie in operand 0
  AccessRule reads = nullptr;  // of Access::computed_view and Access::generated: where what it reads lies
};

// The list of all ops (ir/ops/all_ops.cpp), and look-up by name.
std::span<const Op* const> all_ops();
const Op& op_of(OpId id);
const Op* find_op(std::string_view name);  // null if there is none

}  // namespace gradus
