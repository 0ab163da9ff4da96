#include <algorithm>

#include "codegen/llvm/function_emitter.h"
#include "ir/error.h"

namespace gradus::emit {

using namespace loop;

llvm::AllocaInst* FunctionEmitter::stack(llvm::Type* type, const llvm::Twine& name, int64_t alignment) {
  llvm::IRBuilder<> at_entry(entry_, entry_->begin());
  llvm::AllocaInst* slot = at_entry.CreateAlloca(type, nullptr, name);
  if (alignment != 0) slot->setAlignment(llvm::Align(static_cast<uint64_t>(alignment)));
  return slot;
}

Linear FunctionEmitter::flatten(const Buffer& view, const std::vector<Expression>& indices) {
  Linear flat;
  if (indices.size() != view.shape.size()) fail_internal("wrong number of indices into " + view.name);
  for (size_t i = 0; i < indices.size(); ++i) flat.add(linear(indices[i]), view.strides[i]);
  return flat;
}

// Element e of lane l of a lane's own array in memory is e * width + l.
Linear FunctionEmitter::lane_element(const Buffer& view, const std::vector<Expression>& indices) {
  const int width = lanes_ ? lanes_->width : 1;
  Linear index;
  index.add(flatten(view, indices), width);
  if (width > 1) index.lane_step += 1;
  return index;
}

// The scope in which a value is known from the start: 0 = the whole function; none if it is computed on the
// way.
std::optional<size_t> FunctionEmitter::scope_of(Value value) const {
  if (const auto found = scope_of_.find(value); found != scope_of_.end()) return found->second;
  if (llvm::isa<llvm::Argument>(value)) return 0;
  const auto* instruction = llvm::dyn_cast<llvm::Instruction>(value);
  if (instruction != nullptr && instruction->getParent() == entry_) return 0;
  return std::nullopt;
}

// base + terms (ordered from the outermost scope in), each added where its scope begins, so that inner loops
// only see the sum.
llvm::Value* FunctionEmitter::scoped_pointer(Value base, llvm::ArrayRef<Linear::Term> terms,
                                             int64_t element_bytes) {
  if (terms.empty()) return base;
  const Linear::Term& last = terms.back();
  const int64_t factor = Linear::wrap(0, last.factor, element_bytes);
  Value outer = scoped_pointer(base, terms.drop_back(), element_bytes);
  const size_t number = *scope_of(last.value);
  Scope& scope = scopes_[number];
  Value& known = scope.pointers[{outer, last.value, factor}];
  if (known == nullptr) {
    llvm::BasicBlock::iterator point = scope.start->getFirstNonPHIIt();
    if (number == 0) {
      point = scope.start->getTerminator()->getIterator();
    } else if (auto* instruction = llvm::dyn_cast<llvm::Instruction>(outer);
               instruction != nullptr && instruction->getParent() == scope.start) {
      point = std::next(instruction->getIterator());
    }
    llvm::IRBuilder<> at(scope.start, point);
    Value bytes =
        factor == 1 ? last.value : at.CreateMul(last.value, at.getInt64(static_cast<uint64_t>(factor)));
    known = at.CreateInBoundsGEP(at.getInt8Ty(), outer, bytes);
  }
  return known;
}

llvm::Value* FunctionEmitter::address(Value base, int64_t element_bytes, const Linear& index) {
  llvm::SmallVector<Linear::Term, 4> scoped;
  llvm::SmallVector<Linear::Term, 4> computed;
  for (const Linear::Term& term : index.terms) {
    if (term.value->getType()->isVectorTy()) continue;
    (scope_of(term.value) ? scoped : computed).push_back(term);
  }
  std::stable_sort(scoped.begin(), scoped.end(),
                   [this](const auto& a, const auto& b) { return *scope_of(a.value) < *scope_of(b.value); });
  // x86 scales an index by 1, 2, 4 or 8 for nothing: such a last step is left to the addressing mode.
  if (!scoped.empty() && scoped.back().factor == 1 && computed.empty()) {
    computed.push_back(scoped.pop_back_val());
  }
  Value pointer = scoped_pointer(base, scoped, element_bytes);
  llvm::Type* unit = builder_.getIntNTy(static_cast<unsigned>(element_bytes * 8));
  for (const Linear::Term& term : computed) {
    Value scaled = term.factor == 1 ? term.value
                                    : builder_.CreateMul(
                                          term.value, builder_.getInt64(static_cast<uint64_t>(term.factor)));
    pointer = builder_.CreateInBoundsGEP(unit, pointer, scaled);
  }
  if (index.constant != 0) {
    pointer = builder_.CreateInBoundsGEP(
        builder_.getInt8Ty(), pointer,
        builder_.getInt64(static_cast<uint64_t>(index.constant) * static_cast<uint64_t>(element_bytes)));
  }
  return pointer;
}

llvm::Value* FunctionEmitter::view_pointer(const View& view) {
  const Buffer& viewed = buffer(view.buffer);
  return address(pointer(view.buffer), size_in_bytes(viewed.element), flatten(viewed, view.indices));
}

llvm::Value* FunctionEmitter::to_memory(Value operand, ElementType type) {
  if (is_short_float(type)) return pack_short(type, operand);
  if (type != ElementType::boolean) return operand;
  return builder_.CreateZExt(operand, operand->getType()->getWithNewBitWidth(8));
}

llvm::Value* FunctionEmitter::from_memory(Value operand, ElementType type) {
  if (is_short_float(type)) return unpack_short(type, operand);
  if (type != ElementType::boolean) return operand;
  return builder_.CreateIsNotNull(operand);
}

llvm::Value* FunctionEmitter::active_mask(bool reversed) {
  if (!lanes_ || lanes_->active == lanes_->width) return nullptr;
  llvm::SmallVector<llvm::Constant*> bits;
  for (int i = 0; i < lanes_->width; ++i) {
    bits.push_back(builder_.getInt1((reversed ? lanes_->width - 1 - i : i) < lanes_->active));
  }
  return llvm::ConstantVector::get(bits);
}

llvm::Value* FunctionEmitter::load(const ExpressionNode& node) {
  const Buffer& source = buffer(node.integer);
  check_element(node.integer, node.operands);
  switch (residence(node.integer)) {
    case Residence::memory:
      return load_memory(source, pointer(node.integer), flatten(source, node.operands));
    case Residence::lane_memory:
      return load_memory(source, pointer(node.integer), lane_element(source, node.operands));
    default:
      return load_registers(node.integer, flatten(source, node.operands));
  }
}

llvm::Value* FunctionEmitter::lane_pointers(Value base, int64_t element_bytes, const Linear& index) {
  Linear lanes;
  lanes.lane_step = index.lane_step;
  for (const Linear::Term& term : index.terms) {
    if (term.value->getType()->isVectorTy()) lanes.terms.push_back(term);
  }
  llvm::Type* unit = builder_.getIntNTy(static_cast<unsigned>(element_bytes * 8));
  return builder_.CreateInBoundsGEP(unit, address(base, element_bytes, index), materialize(lanes));
}

llvm::Value* FunctionEmitter::load_memory(const Buffer& source, Value base, const Linear& index) {
  const int64_t bytes = size_in_bytes(source.element);
  const llvm::Align alignment(static_cast<uint64_t>(bytes));
  llvm::Type* type = memory_type(source.element);
  if (!index.has_vector_term() && index.lane_step == 0) {
    return from_memory(builder_.CreateAlignedLoad(type, address(base, bytes, index), alignment),
                       source.element);
  }
  const int width = lanes_->width;
  auto* vector = llvm::FixedVectorType::get(type, static_cast<unsigned>(width));
  const bool contiguous = !index.has_vector_term() && (index.lane_step == 1 || index.lane_step == -1);
  if (!contiguous) {
    Value pointers = lane_pointers(base, bytes, index);
    return from_memory(builder_.CreateMaskedGather(vector, pointers, alignment, active_mask(),
                                                   llvm::Constant::getNullValue(vector)),
                       source.element);
  }
  const bool reversed = index.lane_step == -1;
  Linear first = index;
  if (reversed) first.constant -= width - 1;
  Value pointer = address(base, bytes, first);
  Value mask = active_mask(reversed);
  Value loaded = mask == nullptr ? static_cast<Value>(builder_.CreateAlignedLoad(vector, pointer, alignment))
                                 : builder_.CreateMaskedLoad(vector, pointer, alignment, mask,
                                                             llvm::Constant::getNullValue(vector));
  if (reversed) loaded = builder_.CreateVectorReverse(loaded);
  return from_memory(loaded, source.element);
}

void FunctionEmitter::store_memory(const Buffer& target, Value base, const Linear& index, Value stored) {
  const int64_t bytes = size_in_bytes(target.element);
  const llvm::Align alignment(static_cast<uint64_t>(bytes));
  if (!index.has_vector_term() && index.lane_step == 0) {
    builder_.CreateAlignedStore(to_memory(uniform(stored), target.element), address(base, bytes, index),
                                alignment);
    return;
  }
  Value vector = to_memory(widen(stored), target.element);
  const bool contiguous = !index.has_vector_term() && (index.lane_step == 1 || index.lane_step == -1);
  if (!contiguous) {
    builder_.CreateMaskedScatter(vector, lane_pointers(base, bytes, index), alignment, active_mask());
    return;
  }
  const bool reversed = index.lane_step == -1;
  Linear first = index;
  if (reversed) {
    first.constant -= lanes_->width - 1;
    vector = builder_.CreateVectorReverse(vector);
  }
  Value pointer = address(base, bytes, first);
  if (Value mask = active_mask(reversed); mask == nullptr) {
    builder_.CreateAlignedStore(vector, pointer, alignment);
  } else {
    builder_.CreateMaskedStore(vector, pointer, alignment, mask);
  }
}

}  // namespace gradus::emit
