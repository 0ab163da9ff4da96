// A parallel loop becomes a function of its own, which the host's parallel_for calls with parts of the range.
#include <cstddef>

#include <llvm/ADT/DenseSet.h>

#include "codegen/llvm/function_emitter.h"
#include "runtime/abi.h"

namespace gradus::emit {

using namespace loop;

namespace {

// The variables that a loop uses and does not bind itself.
class FreeVariables {
 public:
  explicit FreeVariables(size_t count) : used_(count), bound_(count) {}

  std::vector<int64_t> of(const For& loop) {
    visit(loop);
    std::vector<int64_t> free;
    for (size_t i = 0; i < used_.size(); ++i) {
      if (used_[i] && !bound_[i]) free.push_back(static_cast<int64_t>(i));
    }
    return free;
  }

 private:
  void walk(const Block& block) {
    for (const Statement& statement : block) {
      std::visit([this](const auto& it) { visit(it); }, statement.value);
    }
  }
  void use(const Expression& expression) {
    if (!expression || !seen_.insert(expression.get()).second) return;
    if (expression->op == ScalarOp::index) used_[static_cast<size_t>(expression->integer)] = true;
    for (const Expression& operand : expression->operands) use(operand);
  }
  void use(const std::vector<Expression>& expressions) {
    for (const Expression& expression : expressions) use(expression);
  }
  void visit(const For& loop) {
    use(loop.lower);
    use(loop.upper);
    bound_[static_cast<size_t>(loop.variable)] = true;
    walk(loop.body);
  }
  void visit(const Let& let) {
    use(let.value);
    bound_[static_cast<size_t>(let.variable)] = true;
  }
  void visit(const Store& store) {
    use(store.indices);
    use(store.value);
  }
  void visit(const Declare& declare) { use(declare.initial); }
  void visit(const If& branch) {
    use(branch.condition);
    walk(branch.then_block);
    walk(branch.else_block);
  }
  void visit(const Call& call) {
    for (const View& view : call.buffers) use(view.indices);
    use(call.scalars);
  }
  void visit(const Prefetch& prefetch) { use(prefetch.element.indices); }
  void visit(const Return&) {}

  std::vector<bool> used_;
  std::vector<bool> bound_;
  llvm::DenseSet<const ExpressionNode*> seen_;
};

}  // namespace

// What a task needs from its parent, in a fixed order: all pointers, and the scalars that the loop uses.
void FunctionEmitter::for_each_capture(llvm::ArrayRef<int64_t> variables,
                                       llvm::function_ref<void(Value&)> visit) {
  const auto captured = [&](Value& value) {
    if (value != nullptr && !llvm::isa<llvm::Constant>(value)) visit(value);
  };
  captured(call_);
  captured(workspace_);
  for (Storage& each : storage_) captured(each.pointer);
  for (const int64_t id : variables) {
    captured(variable(id).value);
    for (Linear::Term& term : variable(id).linear.terms) captured(term.value);
  }
}

void FunctionEmitter::parallel_loop(const For& loop) {
  Linear lower = linear(loop.lower);
  Linear span = linear(loop.upper);
  span.add(lower, -1);
  span.constant += loop.step - 1;
  Value count = builder_.CreateSDiv(materialize(span), builder_.getInt64(static_cast<uint64_t>(loop.step)));
  variable(loop.variable).linear = lower;  // travels to the task with the captures
  std::vector<int64_t> captured = FreeVariables(variables_.size()).of(loop);
  captured.push_back(loop.variable);

  llvm::SmallVector<llvm::Type*> types;
  for_each_capture(captured, [&](Value& value) { types.push_back(value->getType()); });
  auto* closure_type = llvm::StructType::get(context_, types);
  Value closure = stack(closure_type, "closure");
  unsigned slot = 0;
  for_each_capture(captured, [&](Value& value) {
    builder_.CreateStore(value, builder_.CreateStructGEP(closure_type, closure, slot++));
  });

  llvm::Type* pointer = builder_.getPtrTy();
  llvm::Type* number = builder_.getInt64Ty();
  llvm::Function* task =
      module_.create_function(llvm::FunctionType::get(builder_.getVoidTy(), {pointer, number, number}, false),
                              function_->getName().str() + ".task", false);
  FunctionEmitter emitter(module_, source_, plan_, task);
  emitter.emit_task(*this, loop, captured, closure_type);

  Value callback = builder_.CreateLoad(
      pointer,
      builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), call_, offsetof(gradus_call, parallel_for)));
  llvm::BasicBlock* together = llvm::BasicBlock::Create(context_, "parallel", function_);
  llvm::BasicBlock* alone = llvm::BasicBlock::Create(context_, "serial", function_);
  llvm::BasicBlock* after = llvm::BasicBlock::Create(context_, "done", function_);
  builder_.CreateCondBr(builder_.CreateIsNull(callback), alone, together);
  builder_.SetInsertPoint(together);
  Value pool = builder_.CreateLoad(
      pointer, builder_.CreateConstInBoundsGEP1_64(builder_.getInt8Ty(), call_, offsetof(gradus_call, pool)));
  auto* callback_type =
      llvm::FunctionType::get(builder_.getVoidTy(), {pointer, number, number, pointer, pointer}, false);
  builder_.CreateCall(callback_type, callback,
                      {pool, count, builder_.getInt64(static_cast<uint64_t>(loop.grain)), task, closure});
  builder_.CreateBr(after);
  builder_.SetInsertPoint(alone);
  builder_.CreateCall(task, {closure, builder_.getInt64(0), count});
  builder_.CreateBr(after);
  builder_.SetInsertPoint(after);
}

void FunctionEmitter::emit_task(const FunctionEmitter& parent, const For& loop,
                                llvm::ArrayRef<int64_t> captured, llvm::StructType* closure_type) {
  call_ = parent.call_;
  workspace_ = parent.workspace_;
  storage_ = parent.storage_;
  variables_ = parent.variables_;
  for (Storage& each : storage_) each.cells.clear();
  unsigned slot = 0;
  llvm::DenseMap<Value, Value> loaded;  // a value may be captured more than once
  for_each_capture(captured, [&](Value& value) {
    Value& here = loaded[value];
    if (here == nullptr) {
      here = builder_.CreateLoad(value->getType(),
                                 builder_.CreateStructGEP(closure_type, function_->getArg(0), slot));
    }
    ++slot;
    value = here;
  });
  const Linear lower = variable(loop.variable).linear;
  for (const auto& [value, range] : parent.ranges_) {
    if (const auto here = loaded.find(value); here != loaded.end()) ranges_[here->second] = range;
  }
  llvm::BasicBlock* start = llvm::BasicBlock::Create(context_, "start", function_);
  builder_.CreateBr(start);
  builder_.SetInsertPoint(start);
  counted_loop(Linear(function_->getArg(1)), Linear(function_->getArg(2)), 1, [&](const Linear& number) {
    if (loop.lower->op == ScalarOp::constant && loop.upper->op == ScalarOp::constant &&
        number.terms.size() == 1) {
      ranges_[number.terms.front().value] = {
          0, std::max<int64_t>((loop.upper->integer - loop.lower->integer - 1) / loop.step, 0)};
    }
    Linear current = lower;
    current.add(number, loop.step);
    variable(loop.variable).linear = current;
    block(loop.body);
  });
  if (!finished()) builder_.CreateBr(exit_);
  go_on_in(exit_);
  builder_.CreateRetVoid();
  promote_registers();
}

}  // namespace gradus::emit
