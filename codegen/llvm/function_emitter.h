// Emits the body of one function. Split over several files: statements.cpp, expressions.cpp, memory.cpp,
// registers.cpp, parallel.cpp, bounds.cpp.
#pragma once

#include <map>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <llvm/ADT/DenseMap.h>
#include <llvm/ADT/STLFunctionalExtras.h>
#include <llvm/IR/IRBuilder.h>

#include "codegen/llvm/emit.h"
#include "codegen/llvm/linear.h"
#include "codegen/llvm/local_arrays.h"

namespace gradus::emit {

bool is_short_float(ElementType type);

class FunctionEmitter {
 public:
  // `function` is empty; its entry block is made here.
  FunctionEmitter(ModuleEmitter& module, const loop::Function& source, const FunctionPlan& plan,
                  llvm::Function* function);

  void bind_parameters(const ModuleEmitter::Callee& callee);  // when it is not main
  void bind_main(llvm::Value* call);
  void emit_body();

 private:
  // A value is a scalar when it is the same in all lanes, else a vector of `lanes_->width` elements.
  using Value = llvm::Value*;

  struct Variable {
    Linear linear;          // variables of type i64
    Value value = nullptr;  // others
  };
  // Where main finds an argument: at gradus_call + field, or by the pointer at `offset` of the list that
  // begins there.
  struct HostPointer {
    size_t field = 0;
    bool in_list = false;
    uint64_t offset = 0;
  };
  struct Storage {
    Value pointer = nullptr;                     // memory and lane_memory
    std::optional<HostPointer> host;             // an argument of main, until `pointer` is known
    std::optional<int64_t> workspace;            // a piece of it from this byte on, until `pointer` is known
    llvm::SmallVector<llvm::AllocaInst*> cells;  // registers: per element, or per vector of each row
  };
  // The vectorized loop being emitted: `active` of `width` lanes exist.
  struct Lanes {
    int width = 1;
    int active = 1;
  };
  // The entry, then the loops around the current place.
  struct Scope {
    llvm::BasicBlock* start;
    std::map<std::tuple<Value, Value, int64_t>, Value>
        pointers;  // (base, value, factor): base + factor * value
  };

  // What an index value can be, as far as constant loop bounds tell.
  struct Range {
    int64_t low;
    int64_t high;
  };

  // statements.cpp
  Value constant_data(const loop::Buffer& buffer);
  void bind_own_buffers();
  Value host_pointer(llvm::IRBuilder<>& at, const HostPointer& place);
  Value in_workspace(llvm::IRBuilder<>& at, int64_t offset);
  Value pointer(int64_t buffer);
  void block(const loop::Block& statements);
  void emit(const loop::For& loop);
  void emit(const loop::Let& let);
  void emit(const loop::Store& store);
  void emit(const loop::Declare& declare);
  void emit(const loop::If& branch);
  void emit(const loop::Call& call);
  void emit(const loop::Prefetch& prefetch);
  void emit(const loop::Return& leave);
  void serial_loop(const loop::For& loop);
  void vector_loop(const loop::For& loop);
  void vector_chunk(const loop::For& loop, const Linear& first, int width, int active);
  void vector_tail(const loop::For& loop, int64_t first, int64_t count, int width);
  void counted_loop(const Linear& lower, const Linear& upper, int64_t step,
                    llvm::function_ref<void(const Linear&)> body);
  bool finished() const;
  // Moves a block behind all others and goes on there. Blocks belong to the function from the start: what
  // stops at an error half-way leaves nothing behind.
  void go_on_in(llvm::BasicBlock* block);

  // parallel.cpp
  void parallel_loop(const loop::For& loop);
  void for_each_capture(llvm::ArrayRef<int64_t> variables, llvm::function_ref<void(Value&)> visit);
  void emit_task(const FunctionEmitter& parent, const loop::For& loop, llvm::ArrayRef<int64_t> captured,
                 llvm::StructType* closure_type);

  // expressions.cpp
  llvm::Type* scalar_type(ElementType type);
  llvm::Type* memory_type(ElementType type);
  Value value(const loop::Expression& expression);
  Value compute(const loop::Expression& expression);
  Value apply(const loop::ExpressionNode& node, llvm::ArrayRef<Value> operands);
  Value apply_float(const loop::ExpressionNode& node, llvm::ArrayRef<Value> operands);
  Value apply_integer(const loop::ExpressionNode& node, llvm::ArrayRef<Value> operands);
  Value compare(loop::ScalarOp op, ElementType type, Value a, Value b);
  Value floor_divide(ElementType type, Value a, Value b, Value* remainder);
  Value integer_power(bool is_signed, Value base, Value exponent);
  Value convert(Value operand, ElementType from, ElementType to);
  Value random_bits(llvm::ArrayRef<Value> operands);
  Linear linear(const loop::Expression& expression);
  Range range_of(const Linear& form, int lanes) const;
  Value divide_index(const loop::ExpressionNode& node);
  Value materialize(const Linear& form);
  Value widen(Value operand);                          // scalar → all lanes; vectors stay
  Value uniform(Value operand);                        // last active lane of a vector; scalars stay
  void unify(llvm::SmallVectorImpl<Value>& operands);  // all scalars or all vectors

  // short_floats.cpp: bf16 and f16, which registers hold as f32
  Value round_short(ElementType type, Value f32);
  Value pack_short(ElementType type, Value f32);
  Value unpack_short(ElementType type, Value half_words);
  Value narrow_to_odd(Value f64);
  Value convert_to_short(Value operand, ElementType from, ElementType to);

  // memory.cpp
  Linear flatten(const loop::Buffer& buffer, const std::vector<loop::Expression>& indices);
  Linear lane_element(const loop::Buffer& buffer, const std::vector<loop::Expression>& indices);
  Value lane_pointers(Value base, int64_t element_bytes, const Linear& index);
  Value address(Value base, int64_t element_bytes, const Linear& index);
  std::optional<size_t> scope_of(Value value) const;
  Value scoped_pointer(Value base, llvm::ArrayRef<Linear::Term> terms, int64_t element_bytes);
  Value load(const loop::ExpressionNode& node);
  Value load_memory(const loop::Buffer& buffer, Value base, const Linear& index);
  void store_memory(const loop::Buffer& buffer, Value base, const Linear& index, Value stored);
  Value to_memory(Value operand, ElementType type);
  Value from_memory(Value operand, ElementType type);
  Value active_mask(bool reversed = false);  // null: all lanes
  llvm::AllocaInst* stack(llvm::Type* type, const llvm::Twine& name, int64_t alignment = 0);
  Value view_pointer(const loop::View& view);

  // registers.cpp
  void declare_registers(const loop::Declare& declare);
  Value load_registers(int64_t buffer, const Linear& index);
  void store_registers(int64_t buffer, const Linear& index, Value stored);
  // Lanes [first, first + count) of a row of vectors, as a vector of `width` lanes.
  Value read_row(llvm::ArrayRef<llvm::AllocaInst*> row, int64_t first, int count, int width);
  void write_row(llvm::ArrayRef<llvm::AllocaInst*> row, int64_t first, int count, Value vector,
                 int64_t extent);
  std::pair<llvm::ArrayRef<llvm::AllocaInst*>, int64_t> row_of(int64_t buffer, int64_t flat);
  void promote_registers();

  // bounds.cpp: what they check is emitted only if the program is not trusted.
  void note_place(const loop::Statement& statement);
  Diagnostic outside(int64_t buffer, const std::string& what) const;
  void check_element(int64_t buffer, const std::vector<loop::Expression>& indices);
  void check_view(const loop::View& view, const loop::Buffer& parameter);
  void check_range(const Linear& index, int64_t low, int64_t end, Diagnostic otherwise);

  const loop::Buffer& buffer(int64_t id) const { return source_.buffers[static_cast<size_t>(id)]; }
  Storage& storage(int64_t id) { return storage_[static_cast<size_t>(id)]; }
  Residence residence(int64_t id) const { return plan_.buffers[static_cast<size_t>(id)]; }
  Variable& variable(int64_t id) { return variables_[static_cast<size_t>(id)]; }

  ModuleEmitter& module_;
  const Target& target_;
  const loop::Function& source_;
  const FunctionPlan& plan_;
  llvm::Function* function_;
  llvm::LLVMContext& context_;
  llvm::IRBuilder<> builder_;
  llvm::BasicBlock* entry_;
  llvm::BasicBlock* exit_;
  Value call_ = nullptr;       // gradus_call*, where there is one
  Value workspace_ = nullptr;  // of a function other than main that works in one
  std::vector<Variable> variables_;
  std::vector<Storage> storage_;
  std::vector<Scope> scopes_;
  llvm::DenseMap<Value, size_t> scope_of_;  // loop variables: position in scopes_
  std::vector<llvm::AllocaInst*> registers_;
  llvm::DenseMap<Value, Range> ranges_;  // of loop variables
  std::optional<Lanes> lanes_;
  loop::TextSpan statement_;  // being emitted
  int64_t copies_ = 1;        // how often unrolling repeats the current statement
  llvm::DenseMap<const loop::ExpressionNode*, Value> computed_;  // of the current statement
};

}  // namespace gradus::emit
