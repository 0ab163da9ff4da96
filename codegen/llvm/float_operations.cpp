#include <llvm/IR/Intrinsics.h>

#include "codegen/llvm/function_emitter.h"
#include "ir/error.h"

namespace gradus::emit {

using namespace loop;

llvm::Value* FunctionEmitter::apply_float(const ExpressionNode& node, llvm::ArrayRef<Value> operands) {
  Value a = operands[0];
  Value b = operands.size() > 1 ? operands[1] : nullptr;
  switch (node.op) {
    case ScalarOp::negate:
      return builder_.CreateFNeg(a);
    case ScalarOp::add:
      return builder_.CreateFAdd(a, b);
    case ScalarOp::subtract:
      return builder_.CreateFSub(a, b);
    case ScalarOp::multiply:
      return builder_.CreateFMul(a, b);
    case ScalarOp::divide:
      return builder_.CreateFDiv(a, b);
    case ScalarOp::multiply_add:
      if (!target_.has_fma) return builder_.CreateFAdd(builder_.CreateFMul(a, b), operands[2]);
      return builder_.CreateIntrinsic(llvm::Intrinsic::fma, {a->getType()}, {a, b, operands[2]});
    default:
      fail_internal("not emitted yet: " + std::string(name(node.op)));
  }
}

llvm::Value* FunctionEmitter::random_bits(llvm::ArrayRef<Value>) {
  fail_internal("not emitted yet: random_bits");
}

}  // namespace gradus::emit
