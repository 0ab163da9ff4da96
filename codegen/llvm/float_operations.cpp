#include <vector>

#include "codegen/llvm/function_emitter.h"
#include "codegen/llvm/llvm_number.h"
#include "ir/error.h"
#include "ir/math/functions.h"

namespace gradus::emit {

using namespace loop;

namespace {

// Unrolled code that repeats a long expansion more often than this calls a function instead: the tile of a
// matrix product would otherwise contain dozens of copies, which cost more compile time than they save.
constexpr int64_t most_copies = 3;

// Those that have a block of its own for large angles and quotients.
bool branches(ScalarOp op) {
  return op == ScalarOp::sin || op == ScalarOp::cos || op == ScalarOp::tan || op == ScalarOp::remainder;
}

}  // namespace

bool is_long(ScalarOp op) {
  return (op >= ScalarOp::exp && op <= ScalarOp::sigmoid) || op == ScalarOp::power || op == ScalarOp::atan2 ||
         op == ScalarOp::remainder;
}

llvm::Function* ModuleEmitter::math_function(ScalarOp op, llvm::Type* type) {
  llvm::Function*& function = math_functions_[{op, type}];
  if (function != nullptr) return function;
  const llvm::SmallVector<llvm::Type*, 2> parameters(static_cast<size_t>(arity(op)), type);
  function = create_function(llvm::FunctionType::get(type, parameters, false),
                             "math." + std::string(name(op)), false);
  llvm::IRBuilder<> builder(llvm::BasicBlock::Create(module->getContext(), "entry", function));
  const NumberContext context{builder, target};
  std::vector<LlvmNumber> numbers;
  for (llvm::Argument& argument : function->args()) numbers.push_back({&context, &argument});
  builder.CreateRet(math::apply<LlvmNumber>(op, numbers).value);
  return function;
}

llvm::Value* FunctionEmitter::apply_float(const ExpressionNode& node, llvm::ArrayRef<Value> operands) {
  const ElementType type = node.operands.front()->type;
  const NumberContext context{builder_, target_};
  std::vector<LlvmNumber> numbers;
  for (Value operand : operands) numbers.push_back({&context, operand});
  if (node.op == ScalarOp::is_finite) return math::is_finite(numbers.front()).value;
  Value made = nullptr;
  if (branches(node.op) || (copies_ > most_copies && is_long(node.op)))
    made = builder_.CreateCall(module_.math_function(node.op, operands.front()->getType()), operands);
  else
    made = math::apply<LlvmNumber>(node.op, numbers).value;
  return is_short_float(type) ? round_short(type, made) : made;
}

// The definition is in ir/random.h: Philox 4x32-10, one lane per element.
llvm::Value* FunctionEmitter::random_bits(llvm::ArrayRef<Value> operands) {
  llvm::SmallVector<Value, 5> given(operands.begin(), operands.end());
  llvm::SmallVector<Value, 5> keys = {given[0], given[2]};
  unify(keys);  // seed and site are scalars nearly always; the rest follows the element
  const auto number = [&](Value like, uint64_t constant) {
    return llvm::ConstantInt::get(like->getType(), constant);
  };
  const auto splitmix = [&](Value state) {
    const auto mix = [&](Value x, unsigned shift) {
      return builder_.CreateXor(x, builder_.CreateLShr(x, number(x, shift)));
    };
    state = builder_.CreateAdd(state, number(state, 0x9E3779B97F4A7C15));
    state = builder_.CreateMul(mix(state, 30), number(state, 0xBF58476D1CE4E5B9));
    state = builder_.CreateMul(mix(state, 27), number(state, 0x94D049BB133111EB));
    return mix(state, 31);
  };
  llvm::SmallVector<Value, 4> lanes = {splitmix(builder_.CreateXor(keys[0], splitmix(keys[1]))), given[1],
                                       given[3], given[4]};
  unify(lanes);
  Value key = lanes[0];
  Value step = lanes[1];
  Value element = lanes[3];
  // Words live in i64 lanes: products of two words are then one multiplication.
  const auto low = [&](Value x) { return builder_.CreateAnd(x, number(x, 0xFFFFFFFF)); };
  const auto high = [&](Value x) { return builder_.CreateLShr(x, number(x, 32)); };
  Value block = builder_.CreateAdd(
      builder_.CreateShl(builder_.CreateLShr(element, number(element, 6)), number(element, 4)),
      builder_.CreateAnd(element, number(element, 15)));
  Value counter[4] = {low(block), low(lanes[2]), low(step), high(step)};
  Value key_low = low(key);
  Value key_high = high(key);
  for (int round = 0; round < 10; ++round) {
    if (round > 0) {
      key_low = low(builder_.CreateAdd(key_low, number(key, 0x9E3779B9)));
      key_high = low(builder_.CreateAdd(key_high, number(key, 0xBB67AE85)));
    }
    Value first = builder_.CreateMul(counter[0], number(key, 0xD2511F53));
    Value second = builder_.CreateMul(counter[2], number(key, 0xCD9E8D57));
    counter[0] = builder_.CreateXor(builder_.CreateXor(high(second), counter[1]), key_low);
    counter[1] = low(second);
    counter[2] = builder_.CreateXor(builder_.CreateXor(high(first), counter[3]), key_high);
    counter[3] = low(first);
  }
  Value word = builder_.CreateAnd(builder_.CreateLShr(element, number(element, 4)), number(element, 3));
  Value chosen = counter[0];
  for (uint64_t i = 1; i < 4; ++i) {
    chosen = builder_.CreateSelect(builder_.CreateICmpEQ(word, number(word, i)), counter[i], chosen);
  }
  return builder_.CreateTrunc(chosen, chosen->getType()->getWithNewBitWidth(32));
}

}  // namespace gradus::emit
