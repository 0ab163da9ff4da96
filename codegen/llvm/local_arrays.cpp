#include "codegen/llvm/local_arrays.h"

#include <algorithm>

namespace gradus::emit {
namespace {

using namespace loop;

// Larger arrays would only be spilled register by register; memory with addresses is then the better home.
constexpr int64_t most_register_vectors = 96;
constexpr int64_t most_register_scalars = 512;

// How an index value depends on the loops around it.
enum class Dependence : uint8_t { constant, constant_plus_lane, varying };

class Planner {
 public:
  Planner(const Function& function, const Target& target) : function_(function), target_(target) {
    variables_.assign(function.variables.size(), Dependence::varying);
    uses_.resize(function.buffers.size());
  }

  FunctionPlan run() {
    walk(function_.body);
    for (size_t i = 0; i < uses_.size(); ++i) plan_.buffers.push_back(residence(i));
    for (const auto& [loop, buffer] : lane_accesses_) {
      if (plan_.buffers[static_cast<size_t>(buffer)] == Residence::vector_registers) {
        plan_.unrolled.insert(loop);
      }
    }
    return std::move(plan_);
  }

 private:
  struct Use {
    bool in_lanes = false;  // declared inside a vectorized loop
    bool addressed = false;
    bool by_lane = false;
    int parallel_depth = 0;
  };

  void walk(const Block& block) {
    for (const Statement& statement : block) {
      std::visit([this](const auto& it) { visit(it); }, statement.value);
    }
  }

  void visit(const For& loop) {
    expression(loop.lower);
    expression(loop.upper);
    Dependence dependence = Dependence::varying;
    if (loop.kind == LoopKind::unrolled) dependence = Dependence::constant;
    // The emitter turns loops of one iteration into straight code.
    if (loop.lower->op == ScalarOp::constant && loop.upper->op == ScalarOp::constant &&
        loop.upper->integer - loop.lower->integer <= loop.step) {
      dependence = Dependence::constant;
    }
    if (loop.kind == LoopKind::vectorized) {
      dependence = Dependence::constant_plus_lane;
      vector_loop_ = &loop;
      widest_float_ = widest_other_ = 0;
    }
    variables_[static_cast<size_t>(loop.variable)] = dependence;
    parallel_depth_ += loop.kind == LoopKind::parallel;
    walk(loop.body);
    parallel_depth_ -= loop.kind == LoopKind::parallel;
    if (loop.kind == LoopKind::vectorized) {
      plan_.widest[&loop] = widest_float_ != 0 ? widest_float_ : std::max(widest_other_, 4);
      vector_loop_ = nullptr;
    }
  }
  void visit(const Let& let) {
    expression(let.value);
    variables_[static_cast<size_t>(let.variable)] = dependence(let.value);
  }
  void visit(const Store& store) {
    for (const Expression& index : store.indices) expression(index);
    expression(store.value);
    access(store.buffer, store.indices);
  }
  void visit(const Declare& declare) {
    Use& use = uses_[static_cast<size_t>(declare.buffer)];
    use.in_lanes = vector_loop_ != nullptr;
    use.parallel_depth = parallel_depth_;
    if (declare.initial) expression(declare.initial);
  }
  void visit(const If& branch) {
    expression(branch.condition);
    walk(branch.then_block);
    walk(branch.else_block);
  }
  void visit(const Call& call) {
    for (const View& view : call.buffers) address(view);
    for (const Expression& scalar : call.scalars) expression(scalar);
  }
  void visit(const Prefetch& prefetch) { address(prefetch.element); }
  void visit(const Return&) {}

  void address(const View& view) {
    uses_[static_cast<size_t>(view.buffer)].addressed = true;
    for (const Expression& index : view.indices) expression(index);
  }

  // Scalar expressions share subexpressions heavily, so each node is visited once a statement.
  void expression(const Expression& root) {
    seen_.clear();
    visit_expression(root, false);
  }
  void visit_expression(const Expression& node, bool is_index) {
    if (!seen_.insert(node.get()).second) return;
    if (!is_index && vector_loop_ != nullptr) widen(node->type);
    if (node->op == ScalarOp::load) access(node->integer, node->operands);
    for (const Expression& operand : node->operands) {
      visit_expression(operand, is_index || node->op == ScalarOp::load);
    }
  }
  void widen(ElementType type) {
    int& widest = is_float(type) ? widest_float_ : widest_other_;
    widest = std::max(widest, static_cast<int>(size_in_bytes(type)));
  }

  void access(int64_t buffer, const std::vector<Expression>& indices) {
    Use& use = uses_[static_cast<size_t>(buffer)];
    if (vector_loop_ != nullptr) widen(function_.buffers[static_cast<size_t>(buffer)].element);
    if (use.parallel_depth != parallel_depth_) use.addressed = true;
    for (size_t i = 0; i < indices.size(); ++i) {
      const Dependence found = dependence(indices[i]);
      if (found == Dependence::constant) continue;
      if (found == Dependence::varying || i + 1 != indices.size() || use.in_lanes) {
        use.addressed = true;
      } else {
        use.by_lane = true;
        lane_accesses_.emplace_back(vector_loop_, buffer);
      }
    }
  }

  Dependence dependence(const Expression& node) const {
    switch (node->op) {
      case ScalarOp::constant:
        return Dependence::constant;
      case ScalarOp::index:
        return variables_[static_cast<size_t>(node->integer)];
      case ScalarOp::load:
        return Dependence::varying;
      default:
        break;
    }
    bool lane = false;
    for (const Expression& operand : node->operands) {
      const Dependence found = dependence(operand);
      if (found == Dependence::varying) return Dependence::varying;
      if (found != Dependence::constant_plus_lane) continue;
      // Only sums keep a unit stride; a difference does if the lane is on its left.
      const bool kept = !lane && (node->op == ScalarOp::add ||
                                  (node->op == ScalarOp::subtract && &operand == node->operands.data()));
      if (!kept) return Dependence::varying;
      lane = true;
    }
    return lane ? Dependence::constant_plus_lane : Dependence::constant;
  }

  Residence residence(size_t id) const {
    const Buffer& buffer = function_.buffers[id];
    const Use& use = uses_[id];
    if (buffer.role != BufferRole::local) return Residence::memory;
    const int64_t count = element_count(buffer.shape);
    if (use.in_lanes) {
      return use.addressed || count > most_register_vectors ? Residence::lane_memory
                                                            : Residence::lane_registers;
    }
    if (use.addressed) return Residence::memory;
    if (!use.by_lane) {
      return count > most_register_scalars ? Residence::memory : Residence::scalar_registers;
    }
    const int64_t row = buffer.shape.back();
    const int64_t lanes = register_lanes(target_, buffer.element);
    const int64_t vectors = row == 0 ? 0 : count / row * ((row + lanes - 1) / lanes);
    return vectors > most_register_vectors ? Residence::memory : Residence::vector_registers;
  }

  const Function& function_;
  const Target& target_;
  FunctionPlan plan_;
  std::vector<Dependence> variables_;
  std::vector<Use> uses_;
  std::vector<std::pair<const For*, int64_t>> lane_accesses_;
  std::unordered_set<const ExpressionNode*> seen_;
  const For* vector_loop_ = nullptr;
  int parallel_depth_ = 0;
  int widest_float_ = 0;
  int widest_other_ = 0;
};

}  // namespace

FunctionPlan plan_function(const Function& function, const Target& target) {
  return Planner(function, target).run();
}

int64_t register_lanes(const Target& target, ElementType element) {
  return target.lanes(std::max<int64_t>(size_in_bytes(element), 4));
}

}  // namespace gradus::emit
