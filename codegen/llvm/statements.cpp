#include <algorithm>
#include <bit>

#include <fmt/format.h>
#include <llvm/IR/GlobalVariable.h>
#include <llvm/IR/Intrinsics.h>

#include "codegen/llvm/function_emitter.h"
#include "ir/error.h"
#include "runtime/abi.h"

namespace gradus::emit {

using namespace loop;

FunctionEmitter::FunctionEmitter(ModuleEmitter& module, const Function& source, const FunctionPlan& plan,
                                 llvm::Function* function)
    : module_(module),
      target_(module.target),
      source_(source),
      plan_(plan),
      function_(function),
      context_(function->getContext()),
      builder_(context_),
      entry_(llvm::BasicBlock::Create(context_, "entry", function)),
      exit_(llvm::BasicBlock::Create(context_, "exit", function)) {
  variables_.resize(source.variables.size());
  storage_.resize(source.buffers.size());
  scopes_.push_back({entry_, {}});
  builder_.SetInsertPoint(entry_);
  if (module_.debug_lines) builder_.SetCurrentDebugLocation(module_.debug_lines->begin(function, source));
}

void FunctionEmitter::bind_parameters(const ModuleEmitter::Callee& callee) {
  unsigned argument = 0;
  if (callee.takes_call) call_ = function_->getArg(argument++);
  if (callee.takes_workspace()) workspace_ = function_->getArg(argument++);
  for (int64_t i = 0; i < source_.buffer_parameters; ++i) {
    llvm::Argument* parameter = function_->getArg(argument++);
    parameter->setName(buffer(i).name);
    storage(i).pointer = parameter;
  }
  for (int64_t i = 0; i < source_.scalar_parameters; ++i) {
    llvm::Argument* parameter = function_->getArg(argument++);
    parameter->setName(source_.variables[static_cast<size_t>(i)]);
    variable(i).linear = Linear(parameter);
  }
  bind_own_buffers();
}

void FunctionEmitter::bind_own_buffers() {
  for (size_t i = 0; i < source_.buffers.size(); ++i) {
    const Buffer& own = source_.buffers[i];
    if (own.role == BufferRole::constant) storage_[i].pointer = constant_data(own);
    if (own.role == BufferRole::workspace) storage_[i].workspace = own.offset;
  }
}

// Notes where each pointer is to be found; `pointer` loads it. Loading all of them at the start would keep
// hundreds of values alive through main.
void FunctionEmitter::bind_main(Value call) {
  call_ = call;
  uint64_t input = 0;
  uint64_t parameter = 0;
  uint64_t result = 0;
  const auto in_list = [](size_t list, uint64_t position) {
    return HostPointer{list, true, position * sizeof(void*)};
  };
  for (size_t i = 0; i < module_.program.arguments.size(); ++i) {
    HostPointer& place = storage_[i].host.emplace(HostPointer{});
    switch (module_.program.arguments[i].kind) {
      case ArgumentKind::input:
        place = in_list(offsetof(gradus_call, inputs), input++);
        break;
      case ArgumentKind::parameter:
      case ArgumentKind::state:
        place = in_list(offsetof(gradus_call, parameters), parameter++);
        break;
      case ArgumentKind::result:
        place = in_list(offsetof(gradus_call, results), result++);
        break;
      case ArgumentKind::seed:
        place.field = offsetof(gradus_call, seed);
        break;
      case ArgumentKind::step:
        place.field = offsetof(gradus_call, step);
        break;
      case ArgumentKind::status:
        place.field = offsetof(gradus_call, status);
        break;
    }
  }
  bind_own_buffers();
}

// Data of the object file, aligned as the workspace is.
llvm::Value* FunctionEmitter::constant_data(const Buffer& buffer) {
  llvm::Constant* data = nullptr;
  const auto integers = [&](auto tag) {
    std::vector<decltype(tag)> values;
    for (int64_t v : std::get<std::vector<int64_t>>(*buffer.values))
      values.push_back(static_cast<decltype(tag)>(v));
    return llvm::ConstantDataArray::get(context_, values);
  };
  switch (buffer.element) {
    case ElementType::f64:
      data = llvm::ConstantDataArray::get(context_, std::get<std::vector<double>>(*buffer.values));
      break;
    case ElementType::f32: {
      const auto& values = std::get<std::vector<double>>(*buffer.values);
      const std::vector<float> narrow(values.begin(), values.end());
      data = llvm::ConstantDataArray::get(context_, narrow);
      break;
    }
    case ElementType::i64:
      data = integers(uint64_t{});
      break;
    case ElementType::i32:
      data = integers(uint32_t{});
      break;
    case ElementType::i8:
    case ElementType::u8:
    case ElementType::boolean:
      data = integers(uint8_t{});
      break;
    case ElementType::bf16:
    case ElementType::f16: {
      std::vector<uint16_t> patterns;
      for (const double value : std::get<std::vector<double>>(*buffer.values)) {
        llvm::APFloat number(value);
        bool inexact = false;
        number.convert(
            buffer.element == ElementType::bf16 ? llvm::APFloat::BFloat() : llvm::APFloat::IEEEhalf(),
            llvm::APFloat::rmNearestTiesToEven, &inexact);
        patterns.push_back(static_cast<uint16_t>(number.bitcastToAPInt().getZExtValue()));
      }
      data = llvm::ConstantDataArray::get(context_, patterns);
      break;
    }
  }
  auto* global = new llvm::GlobalVariable(*function_->getParent(), data->getType(), true,
                                          llvm::GlobalValue::PrivateLinkage, data, "data." + buffer.name);
  global->setAlignment(llvm::Align(64));
  global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
  return global;
}

llvm::Value* FunctionEmitter::host_pointer(llvm::IRBuilder<>& at, const HostPointer& place) {
  const auto offset = [&](Value base, uint64_t bytes) {
    return bytes == 0 ? base : at.CreateConstInBoundsGEP1_64(at.getInt8Ty(), base, bytes);
  };
  Value field = offset(call_, place.field);
  if (!place.in_list) return field;
  Value list = at.CreateLoad(at.getPtrTy(), field);
  return at.CreateLoad(at.getPtrTy(), offset(list, place.offset));
}

llvm::Value* FunctionEmitter::in_workspace(llvm::IRBuilder<>& at, int64_t offset) {
  Value base = workspace_;
  if (base == nullptr)
    base = at.CreateLoad(at.getPtrTy(), host_pointer(at, {offsetof(gradus_call, workspace), false, 0}));
  return at.CreateConstInBoundsGEP1_64(at.getInt8Ty(), base, static_cast<uint64_t>(offset));
}

llvm::Value* FunctionEmitter::pointer(int64_t id) {
  Storage& found = storage(id);
  if (found.pointer != nullptr || !(found.host || found.workspace)) return found.pointer;
  const auto find = [&](llvm::IRBuilder<>& at) {
    return found.host ? host_pointer(at, *found.host) : in_workspace(at, *found.workspace);
  };
  if (scopes_.size() == 1) return find(builder_);
  // In a loop: once, at the beginning of the function.
  llvm::IRBuilder<> at(entry_, entry_->getTerminator()->getIterator());
  return found.pointer = find(at);
}

void FunctionEmitter::emit_body() {
  llvm::BasicBlock* start = llvm::BasicBlock::Create(context_, "start", function_);
  builder_.CreateBr(start);
  builder_.SetInsertPoint(start);
  block(source_.body);
  if (!finished()) builder_.CreateBr(exit_);
  go_on_in(exit_);
  builder_.CreateRetVoid();
  promote_registers();
}

void FunctionEmitter::go_on_in(llvm::BasicBlock* block) {
  block->moveAfter(&function_->back());
  builder_.SetInsertPoint(block);
}

bool FunctionEmitter::finished() const { return builder_.GetInsertBlock()->getTerminator() != nullptr; }

void FunctionEmitter::block(const Block& statements) {
  const llvm::DebugLoc around = builder_.getCurrentDebugLocation();
  for (const Statement& statement : statements) {
    if (finished()) break;
    computed_.clear();
    note_place(statement);
    if (module_.debug_lines) builder_.SetCurrentDebugLocation(module_.debug_lines->at(function_, statement));
    std::visit([this](const auto& it) { emit(it); }, statement.value);
  }
  builder_.SetCurrentDebugLocation(around);  // what ends a loop is the loop's
}

void FunctionEmitter::emit(const For& loop) {
  switch (loop.kind) {
    case LoopKind::serial:
      return serial_loop(loop);
    case LoopKind::parallel:
      return parallel_loop(loop);
    case LoopKind::vectorized:
      return vector_loop(loop);
    case LoopKind::unrolled: {
      const Linear lower = linear(loop.lower);
      const Linear upper = linear(loop.upper);
      if (!lower.is_constant() || !upper.is_constant()) fail_internal("an unrolled loop has computed bounds");
      const int64_t outside = copies_;
      copies_ *= std::max<int64_t>((upper.constant - lower.constant + loop.step - 1) / loop.step, 1);
      for (int64_t i = lower.constant; i < upper.constant && !finished(); i += loop.step) {
        variable(loop.variable).linear = Linear(i);
        block(loop.body);
      }
      copies_ = outside;
      return;
    }
  }
}

void FunctionEmitter::serial_loop(const For& loop) {
  counted_loop(linear(loop.lower), linear(loop.upper), loop.step, [&](const Linear& current) {
    variable(loop.variable).linear = current;
    block(loop.body);
  });
}

void FunctionEmitter::counted_loop(const Linear& lower, const Linear& upper, int64_t step,
                                   llvm::function_ref<void(const Linear&)> body) {
  const bool known = lower.is_constant() && upper.is_constant();
  if (known && lower.constant >= upper.constant) return;
  if (known && upper.constant - lower.constant <= step) return body(lower);
  Range range = {range_of(lower, 1).low, range_of(upper, 1).high - 1};
  if (known) range.high = lower.constant + (upper.constant - 1 - lower.constant) / step * step;
  Value first = materialize(lower);
  Value limit = materialize(upper);
  llvm::BasicBlock* before = builder_.GetInsertBlock();
  llvm::BasicBlock* inside = llvm::BasicBlock::Create(context_, "loop", function_);
  llvm::BasicBlock* after = llvm::BasicBlock::Create(context_, "done", function_);
  if (known) {
    builder_.CreateBr(inside);
  } else {
    builder_.CreateCondBr(builder_.CreateICmpSLT(first, limit), inside, after);
  }
  builder_.SetInsertPoint(inside);
  llvm::PHINode* current = builder_.CreatePHI(builder_.getInt64Ty(), 2, "i");
  current->addIncoming(first, before);
  scope_of_[current] = scopes_.size();
  if (range.low <= range.high) ranges_[current] = range;
  scopes_.push_back({inside, {}});
  body(Linear(current));
  scopes_.pop_back();
  scope_of_.erase(current);
  if (!finished()) {
    Value next = builder_.CreateNSWAdd(current, builder_.getInt64(static_cast<uint64_t>(step)));
    current->addIncoming(next, builder_.GetInsertBlock());
    builder_.CreateCondBr(builder_.CreateICmpSLT(next, limit), inside, after);
  }
  go_on_in(after);
}

void FunctionEmitter::vector_loop(const For& loop) {
  const Linear lower = linear(loop.lower);
  const Linear upper = linear(loop.upper);
  if (!lower.is_constant() || !upper.is_constant() || loop.step != 1 || lanes_) {
    fail_internal("a vectorized loop needs constant bounds, step 1 and no vectorized loop around it");
  }
  const int64_t count = upper.constant - lower.constant;
  if (count <= 0) return;
  const auto widest = static_cast<int>(target_.lanes(plan_.widest.at(&loop)));
  const auto width = static_cast<int>(
      std::min<uint64_t>(static_cast<uint64_t>(widest), std::bit_ceil(static_cast<uint64_t>(count))));
  const int64_t tail = lower.constant + count / width * width;
  if (plan_.unrolled.contains(&loop)) {
    const int64_t outside = copies_;
    copies_ *= std::max<int64_t>(count / width, 1);
    for (int64_t i = lower.constant; i < tail; i += width) vector_chunk(loop, Linear(i), width, width);
    copies_ = outside;
  } else {
    counted_loop(lower, Linear(tail), width,
                 [&](const Linear& first) { vector_chunk(loop, first, width, width); });
  }
  vector_tail(loop, tail, upper.constant - tail, width);
}

// What is left after the full vectors. Masked stores are slow on targets without mask registers, so those
// take ever narrower vectors instead.
void FunctionEmitter::vector_tail(const For& loop, int64_t first, int64_t count, int width) {
  if (count == 0) return;
  if (target_.has_masks) return vector_chunk(loop, Linear(first), width, static_cast<int>(count));
  while (count > 0) {
    const auto piece = static_cast<int>(std::bit_floor(static_cast<uint64_t>(count)));
    vector_chunk(loop, Linear(first), piece, piece);
    first += piece;
    count -= piece;
  }
}

void FunctionEmitter::vector_chunk(const For& loop, const Linear& first, int width, int active) {
  if (width == 1) {  // a vector of one lane is a scalar
    lanes_.reset();
    variable(loop.variable).linear = first;
  } else {
    lanes_ = Lanes{width, active};
    Linear lane = first;
    lane.lane_step = 1;
    variable(loop.variable).linear = lane;
  }
  block(loop.body);
  lanes_.reset();
}

void FunctionEmitter::emit(const Let& let) {
  Variable& bound = variable(let.variable);
  if (let.value->type == ElementType::i64) {
    bound.linear = linear(let.value);
  } else {
    bound.value = value(let.value);
  }
}

void FunctionEmitter::emit(const Store& store) {
  const Buffer& target = buffer(store.buffer);
  Value stored = value(store.value);
  check_element(store.buffer, store.indices);
  switch (residence(store.buffer)) {
    case Residence::memory:
      return store_memory(target, pointer(store.buffer), flatten(target, store.indices), stored);
    case Residence::lane_memory:
      return store_memory(target, pointer(store.buffer), lane_element(target, store.indices), stored);
    default:
      return store_registers(store.buffer, flatten(target, store.indices), stored);
  }
}

void FunctionEmitter::emit(const Declare& declare) {
  const Buffer& local = buffer(declare.buffer);
  const Residence where = residence(declare.buffer);
  if (where != Residence::memory && where != Residence::lane_memory) return declare_registers(declare);
  const int width = where == Residence::lane_memory && lanes_ ? lanes_->width : 1;
  const int64_t count = element_count(local.shape) * width;
  auto* type = llvm::ArrayType::get(memory_type(local.element), static_cast<uint64_t>(count));
  storage(declare.buffer).pointer = stack(type, local.name, 64);
  if (!declare.initial) return;
  Value initial = value(declare.initial);
  counted_loop(Linear(int64_t{0}), Linear(count), width, [&](const Linear& first) {
    Linear index = first;
    if (width > 1) index.lane_step = 1;
    // Lanes that do not exist may be written: the array is ours.
    store_memory(local, storage(declare.buffer).pointer, index, initial);
  });
}

void FunctionEmitter::emit(const If& branch) {
  Value condition = uniform(value(branch.condition));
  if (const auto* known = llvm::dyn_cast<llvm::ConstantInt>(condition)) {
    return block(known->isZero() ? branch.else_block : branch.then_block);
  }
  llvm::BasicBlock* then_block = llvm::BasicBlock::Create(context_, "then", function_);
  llvm::BasicBlock* after = llvm::BasicBlock::Create(context_, "after", function_);
  llvm::BasicBlock* else_block =
      branch.else_block.empty() ? after : llvm::BasicBlock::Create(context_, "else", function_);
  builder_.CreateCondBr(condition, then_block, else_block);
  builder_.SetInsertPoint(then_block);
  block(branch.then_block);
  if (!finished()) builder_.CreateBr(after);
  if (else_block != after) {
    go_on_in(else_block);
    block(branch.else_block);
    if (!finished()) builder_.CreateBr(after);
  }
  go_on_in(after);
}

void FunctionEmitter::emit(const Call& call) {
  const ModuleEmitter::Callee& callee = module_.callee(call.function);
  llvm::SmallVector<Value> arguments;
  if (callee.takes_call) arguments.push_back(call_);
  if (call.workspace) arguments.push_back(in_workspace(builder_, *call.workspace));
  for (size_t i = 0; i < call.buffers.size(); ++i) {
    check_view(call.buffers[i], callee.source->buffers[i]);
    arguments.push_back(view_pointer(call.buffers[i]));
  }
  for (const Expression& scalar : call.scalars) arguments.push_back(materialize(linear(scalar)));
  builder_.CreateCall(callee.function, arguments);
}

void FunctionEmitter::emit(const Prefetch& prefetch) {
  builder_.CreateIntrinsic(
      llvm::Intrinsic::prefetch, {builder_.getPtrTy()},
      {view_pointer(prefetch.element), builder_.getInt32(0), builder_.getInt32(3), builder_.getInt32(1)});
}

void FunctionEmitter::emit(const Return&) { builder_.CreateBr(exit_); }

}  // namespace gradus::emit
