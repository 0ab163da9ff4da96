// Checks of indices at run time, for programs that nobody vouches for (CompileOptions::check_bounds). Nothing
// outside of a buffer is touched: a function leaves before it would, and notes where.
#include <algorithm>

#include <fmt/format.h>
#include <llvm/IR/GlobalVariable.h>

#include "codegen/llvm/function_emitter.h"
#include "ir/error.h"
#include "ir/loop/reach.h"

namespace gradus::emit {

using namespace loop;

void FunctionEmitter::note_place(const Statement& statement) {
  if (module_.bounds == nullptr) return;
  statement_ = statement.span.line != 0 ? statement.span : source_.span;
}

Diagnostic FunctionEmitter::outside(int64_t id, const std::string& what) const {
  const Buffer& b = buffer(id);
  Diagnostic diagnostic;
  diagnostic.message = fmt::format("function @{}: {} outside of %{}: {}", source_.name, what, b.name,
                                   to_string(Type(b.element, b.shape)));
  diagnostic.span = span_of(module_.program, statement_);
  return diagnostic;
}

void FunctionEmitter::check_element(int64_t id, const std::vector<Expression>& indices) {
  if (module_.bounds == nullptr) return;
  const Buffer& b = buffer(id);
  if (indices.size() != b.shape.size()) fail_internal("wrong number of indices into " + b.name);
  const bool in_memory = residence(id) == Residence::memory || residence(id) == Residence::lane_memory;
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    const Linear index = linear(indices[axis]);
    const std::string what = fmt::format("an index of axis {} lies", axis);
    const Range range = range_of(index, lanes_ ? lanes_->active : 1);
    if (range.low >= 0 && range.high < b.shape[axis]) continue;
    // Registers have no address that could be computed: the index is known by now.
    if (!in_memory) throw Error(ErrorKind::program, {outside(id, what)});
    check_range(index, 0, b.shape[axis], outside(id, what));
  }
}

void FunctionEmitter::check_view(const View& view, const Buffer& parameter) {
  if (module_.bounds == nullptr) return;
  const Buffer& viewed = buffer(view.buffer);
  const std::optional<Reach> needed = reach(parameter), given = reach(viewed);
  if (!needed) return;
  const int64_t low = given ? given->low - needed->low : 0;
  const int64_t end = given ? std::max(given->high - needed->high + 1, low) : low;
  const Linear start = flatten(viewed, view.indices);
  const Range range = range_of(start, 1);
  if (range.low >= low && range.high < end) return;
  check_range(start, low, end,
              outside(view.buffer, fmt::format("%{}: {} of a call reaches", parameter.name,
                                               to_string(Type(parameter.element, parameter.shape)))));
}

// Goes on if low <= index < end in all lanes that exist, else leaves the function.
void FunctionEmitter::check_range(const Linear& index, int64_t low, int64_t end, Diagnostic otherwise) {
  Value number = materialize(index);
  const auto constant = [&](int64_t value) {
    return llvm::ConstantInt::get(number->getType(), static_cast<uint64_t>(value));
  };
  Value inside = builder_.CreateICmpULT(builder_.CreateSub(number, constant(low)), constant(end - low));
  if (inside->getType()->isVectorTy()) {
    if (Value mask = active_mask()) inside = builder_.CreateOr(inside, builder_.CreateNot(mask));
    inside = builder_.CreateAndReduce(inside);
  }
  llvm::BasicBlock* leave = llvm::BasicBlock::Create(context_, "outside", function_);
  llvm::BasicBlock* go_on = llvm::BasicBlock::Create(context_, "inside", function_);
  builder_.CreateCondBr(inside, go_on, leave);
  builder_.SetInsertPoint(leave);
  module_.bounds->push_back(std::move(otherwise));
  // Threads may find several places: any of them will do.
  auto* note = builder_.CreateStore(builder_.getInt64(module_.bounds->size()), module_.bounds_note());
  note->setAtomic(llvm::AtomicOrdering::Monotonic);
  note->setAlignment(llvm::Align(8));
  builder_.CreateBr(exit_);
  builder_.SetInsertPoint(go_on);
}

// 0, or the number (from 1) of the place that was found last.
llvm::GlobalVariable* ModuleEmitter::bounds_note() {
  if (auto* known = module->getGlobalVariable(bounds_symbol)) return known;
  auto* type = llvm::Type::getInt64Ty(module->getContext());
  return new llvm::GlobalVariable(*module, type, false, llvm::GlobalValue::ExternalLinkage,
                                  llvm::Constant::getNullValue(type), bounds_symbol);
}

}  // namespace gradus::emit
