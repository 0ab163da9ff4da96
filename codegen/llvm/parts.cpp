#include "codegen/llvm/parts.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <unordered_set>

#include "codegen/llvm/emit.h"
#include "codegen/llvm/local_arrays.h"

namespace gradus::emit {
namespace {

using namespace loop;

// Estimates, in nodes of an expression: measured times of code generation, rounded.
constexpr int64_t weight_of_parallel_loop = 200;  // a function of its own, its closure, two calls
constexpr int64_t weight_of_loop = 20;
constexpr int64_t weight_of_expansion = 100;
// Code for a part of this weight takes some ten times as long as what a module costs beside it.
constexpr int64_t least_weight = 3000;
constexpr uint64_t most_parts = 16;

// Nodes of expressions after unrolling.
class Weight {
 public:
  Weight(const Function& function, const Target& target)
      : plan_(plan_function(function, target)), target_(target) {}

  int64_t of(const Block& block) {
    int64_t sum = 0;
    for (const Statement& statement : block) {
      seen_.clear();
      sum += 1 + std::visit([this](const auto& it) { return of(it); }, statement.value);
    }
    return sum;
  }

 private:
  int64_t of(const For& loop) {
    const int64_t own = loop.kind == LoopKind::parallel   ? weight_of_parallel_loop
                        : loop.kind == LoopKind::unrolled ? 0
                                                          : weight_of_loop;
    return own + of(loop.lower) + of(loop.upper) + copies(loop) * of(loop.body);
  }
  int64_t of(const Let& let) { return of(let.value); }
  int64_t of(const Store& store) { return of(store.indices) + of(store.value); }
  int64_t of(const Declare& declare) { return declare.initial ? of(declare.initial) : 0; }
  int64_t of(const If& branch) {
    return of(branch.condition) + of(branch.then_block) + of(branch.else_block);
  }
  int64_t of(const Call& call) {
    int64_t sum = of(call.scalars);
    for (const View& view : call.buffers) sum += 1 + of(view.indices);
    return sum;
  }
  int64_t of(const Prefetch& prefetch) { return of(prefetch.element.indices); }
  int64_t of(const Return&) { return 0; }

  int64_t of(const std::vector<Expression>& expressions) {
    int64_t sum = 0;
    for (const Expression& expression : expressions) sum += of(expression);
    return sum;
  }
  int64_t of(const Expression& expression) {
    // Indices become constants of addresses, most of them.
    if (expression->type == ElementType::i64 || !seen_.insert(expression.get()).second) return 0;
    if (expression->op == ScalarOp::load || expression->operands.empty()) return 1;
    const bool expands = is_long(expression->op) || expression->op == ScalarOp::random_bits;
    return (expands ? weight_of_expansion : 1) + of(expression->operands);
  }

  int64_t copies(const For& loop) const {
    if (loop.kind != LoopKind::unrolled && loop.kind != LoopKind::vectorized) return 1;
    if (loop.lower->op != ScalarOp::constant || loop.upper->op != ScalarOp::constant) return 1;
    const int64_t count = std::max<int64_t>(loop.upper->integer - loop.lower->integer, 0);
    if (loop.kind == LoopKind::unrolled) return (count + loop.step - 1) / loop.step;
    const int64_t width = target_.lanes(plan_.widest.at(&loop));
    const int64_t whole = count / width, tail = count % width > 0;
    return (plan_.unrolled.contains(&loop) ? whole : std::min<int64_t>(whole, 1)) + tail;
  }

  FunctionPlan plan_;
  const Target& target_;
  std::unordered_set<const ExpressionNode*> seen_;
};

}  // namespace

Part whole(const Program& program) { return {0, program.functions.size() + 1, 0}; }

std::vector<Part> cut(const Program& program, const Target& target) {
  std::vector<int64_t> weights;
  for (const Function& function : program.functions)
    weights.push_back(Weight(function, target).of(function.body));
  weights.push_back(Weight(program.main, target).of(program.main.body));
  const int64_t total = std::max<int64_t>(std::accumulate(weights.begin(), weights.end(), int64_t{0}), 1);
  // A power of two, since that leaves the fewest threads idle at the end.
  const auto worth = std::bit_floor(static_cast<uint64_t>(std::max<int64_t>(total / least_weight, 1)));
  const auto count = static_cast<int64_t>(std::min(worth, most_parts));
  std::vector<Part> parts;
  int64_t before = 0, share = -1;
  for (size_t i = 0; i < weights.size(); ++i) {
    // A part ends where another share of the whole begins; one function may take several.
    if (const int64_t reached = before * count / total; reached > share) {
      parts.push_back({i, i, 0});
      share = reached;
    }
    parts.back().last = i + 1;
    parts.back().weight += weights[i];
    before += weights[i];
  }
  return parts;
}

}  // namespace gradus::emit
