// Local arrays that live in registers: stack slots of scalars or vectors, which PromoteMemToReg turns into
// values. Nothing takes their address.
#include <algorithm>

#include <llvm/IR/Dominators.h>
#include <llvm/Transforms/Utils/PromoteMemToReg.h>

#include "codegen/llvm/function_emitter.h"
#include "ir/error.h"

namespace gradus::emit {

using namespace loop;

void FunctionEmitter::declare_registers(const Declare& declare) {
  const Buffer& local = buffer(declare.buffer);
  const Residence where = residence(declare.buffer);
  const int64_t count = element_count(local.shape);
  int64_t cells = count;
  llvm::Type* type = scalar_type(local.element);
  if (where == Residence::vector_registers) {
    const int64_t lanes = register_lanes(target_, local.element);
    const int64_t row = std::max<int64_t>(local.shape.back(), 1);
    cells = count / row * ((row + lanes - 1) / lanes);
    type = llvm::FixedVectorType::get(type, static_cast<unsigned>(lanes));
  } else if (where == Residence::lane_registers && lanes_) {
    type = llvm::FixedVectorType::get(type, static_cast<unsigned>(lanes_->width));
  }
  Value initial = declare.initial ? value(declare.initial) : nullptr;
  if (initial == nullptr) {
    // Without this a loop would seem to carry the old values around.
    initial = llvm::PoisonValue::get(type);
  } else if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
             vector != nullptr && !initial->getType()->isVectorTy()) {
    initial = builder_.CreateVectorSplat(vector->getNumElements(), initial);
  }
  auto& slots = storage(declare.buffer).cells;
  const bool fits = static_cast<int64_t>(slots.size()) == cells &&
                    (cells == 0 || slots.front()->getAllocatedType() == type);
  if (!fits) {
    slots.clear();
    for (int64_t i = 0; i < cells; ++i) {
      slots.push_back(stack(type, local.name));
      registers_.push_back(slots.back());
    }
  }
  for (llvm::AllocaInst* slot : slots) builder_.CreateStore(initial, slot);
}

llvm::Value* FunctionEmitter::load_registers(int64_t id, const Linear& index) {
  const Buffer& local = buffer(id);
  auto& cells = storage(id).cells;
  const auto read = [this](llvm::AllocaInst* cell) {
    return builder_.CreateLoad(cell->getAllocatedType(), cell);
  };
  if (!index.terms.empty()) fail_internal("a register array has a computed index: " + local.name);
  if (residence(id) != Residence::vector_registers) return read(cells[static_cast<size_t>(index.constant)]);
  const auto [row, column] = row_of(id, index.constant);
  if (index.lane_step == 0) {
    const int64_t lanes = register_lanes(target_, local.element);
    return builder_.CreateExtractElement(read(row[static_cast<size_t>(column / lanes)]),
                                         static_cast<uint64_t>(column % lanes));
  }
  return read_row(row, column, lanes_->active, lanes_->width);
}

void FunctionEmitter::store_registers(int64_t id, const Linear& index, Value stored) {
  const Buffer& local = buffer(id);
  auto& cells = storage(id).cells;
  if (!index.terms.empty()) fail_internal("a register array has a computed index: " + local.name);
  switch (residence(id)) {
    case Residence::scalar_registers:
      builder_.CreateStore(uniform(stored), cells[static_cast<size_t>(index.constant)]);
      return;
    case Residence::lane_registers:
      builder_.CreateStore(widen(stored), cells[static_cast<size_t>(index.constant)]);
      return;
    default:
      break;
  }
  const auto [row, column] = row_of(id, index.constant);
  if (index.lane_step != 0) return write_row(row, column, lanes_->active, widen(stored), local.shape.back());
  const int64_t lanes = register_lanes(target_, local.element);
  llvm::AllocaInst* cell = row[static_cast<size_t>(column / lanes)];
  Value old = builder_.CreateLoad(cell->getAllocatedType(), cell);
  builder_.CreateStore(
      builder_.CreateInsertElement(old, uniform(stored), static_cast<uint64_t>(column % lanes)), cell);
}

// The vectors of the row in which a flat index lies, and the column.
std::pair<llvm::ArrayRef<llvm::AllocaInst*>, int64_t> FunctionEmitter::row_of(int64_t id, int64_t flat) {
  const Buffer& local = buffer(id);
  const int64_t extent = local.shape.back();
  const int64_t lanes = register_lanes(target_, local.element);
  const auto vectors = static_cast<size_t>((extent + lanes - 1) / lanes);
  const llvm::ArrayRef<llvm::AllocaInst*> cells = storage(id).cells;
  if (flat < 0 || flat >= element_count(local.shape)) fail_internal("index out of range: " + local.name);
  return {cells.slice(static_cast<size_t>(flat / extent) * vectors, vectors), flat % extent};
}

llvm::Value* FunctionEmitter::read_row(llvm::ArrayRef<llvm::AllocaInst*> row, int64_t first, int count,
                                       int width) {
  auto* type = llvm::cast<llvm::FixedVectorType>(row.front()->getAllocatedType());
  const auto lanes = static_cast<int64_t>(type->getNumElements());
  const auto read = [&](int64_t cell) { return builder_.CreateLoad(type, row[static_cast<size_t>(cell)]); };
  const int64_t first_cell = first / lanes;
  const int64_t last_cell = (first + count - 1) / lanes;
  const int64_t offset = first % lanes;
  if (offset == 0 && width == lanes) return read(first_cell);
  Value result = llvm::PoisonValue::get(
      llvm::FixedVectorType::get(type->getElementType(), static_cast<unsigned>(width)));
  if (last_cell <= first_cell + 1) {
    llvm::SmallVector<int> mask;
    for (int i = 0; i < width; ++i) mask.push_back(i < count ? static_cast<int>(offset) + i : -1);
    return builder_.CreateShuffleVector(read(first_cell), read(last_cell), mask);
  }
  for (int i = 0; i < count; ++i) {
    Value lane =
        builder_.CreateExtractElement(read((first + i) / lanes), static_cast<uint64_t>((first + i) % lanes));
    result = builder_.CreateInsertElement(result, lane, static_cast<uint64_t>(i));
  }
  return result;
}

void FunctionEmitter::write_row(llvm::ArrayRef<llvm::AllocaInst*> row, int64_t first, int count, Value vector,
                                int64_t extent) {
  auto* type = llvm::cast<llvm::FixedVectorType>(row.front()->getAllocatedType());
  const auto lanes = static_cast<int64_t>(type->getNumElements());
  const auto width =
      static_cast<int64_t>(llvm::cast<llvm::FixedVectorType>(vector->getType())->getNumElements());
  const int64_t end = first + count;
  for (int64_t cell = first / lanes; cell * lanes < end; ++cell) {
    llvm::AllocaInst* slot = row[static_cast<size_t>(cell)];
    const int64_t start = cell * lanes;
    const bool aligned = first == start && width == lanes;
    llvm::SmallVector<int> positions;
    for (int64_t i = 0; i < lanes; ++i) {
      const int64_t source = start + i - first;
      positions.push_back(source >= 0 && source < count ? static_cast<int>(source) : -1);
    }
    Value placed = aligned ? vector : builder_.CreateShuffleVector(vector, positions);
    // Lanes behind the end of the row hold nothing.
    const bool whole = first <= start && end >= std::min(start + lanes, extent);
    if (!whole) {
      llvm::SmallVector<int> blend;
      for (int64_t i = 0; i < lanes; ++i) {
        blend.push_back(static_cast<int>(positions[static_cast<size_t>(i)] < 0 ? i : lanes + i));
      }
      placed = builder_.CreateShuffleVector(builder_.CreateLoad(type, slot), placed, blend);
    }
    builder_.CreateStore(placed, slot);
  }
}

void FunctionEmitter::promote_registers() {
  llvm::DominatorTree dominators(*function_);
  llvm::PromoteMemToReg(registers_, dominators);
}

}  // namespace gradus::emit
