#include <algorithm>

#include <llvm/IR/Intrinsics.h>

#include "codegen/llvm/function_emitter.h"
#include "ir/error.h"

namespace gradus::emit {

using namespace loop;

llvm::Type* FunctionEmitter::scalar_type(ElementType type) {
  switch (type) {
    case ElementType::f32:
    case ElementType::bf16:
    case ElementType::f16:
      return builder_.getFloatTy();
    case ElementType::f64:
      return builder_.getDoubleTy();
    case ElementType::i64:
      return builder_.getInt64Ty();
    case ElementType::i32:
      return builder_.getInt32Ty();
    case ElementType::i8:
    case ElementType::u8:
      return builder_.getInt8Ty();
    case ElementType::boolean:
      return builder_.getInt1Ty();
  }
  fail_internal("unknown element type");
}

llvm::Type* FunctionEmitter::memory_type(ElementType type) {
  if (type == ElementType::boolean) return builder_.getInt8Ty();
  return is_short_float(type) ? builder_.getInt16Ty() : scalar_type(type);
}

llvm::Value* FunctionEmitter::widen(Value operand) {
  if (!lanes_ || operand->getType()->isVectorTy()) return operand;
  return builder_.CreateVectorSplat(static_cast<unsigned>(lanes_->width), operand);
}

llvm::Value* FunctionEmitter::uniform(Value operand) {
  if (!operand->getType()->isVectorTy()) return operand;
  return builder_.CreateExtractElement(operand, static_cast<uint64_t>(lanes_->active - 1));
}

void FunctionEmitter::unify(llvm::SmallVectorImpl<Value>& operands) {
  const bool vector = llvm::any_of(operands, [](Value it) { return it->getType()->isVectorTy(); });
  if (!vector) return;
  for (Value& operand : operands) operand = widen(operand);
}

llvm::Value* FunctionEmitter::value(const Expression& expression) {
  if (const auto known = computed_.find(expression.get()); known != computed_.end()) return known->second;
  Value result = compute(expression);
  computed_[expression.get()] = result;
  return result;
}

llvm::Value* FunctionEmitter::compute(const Expression& expression) {
  const ExpressionNode& node = *expression;
  switch (node.op) {
    case ScalarOp::constant:
      if (is_float(node.type)) return llvm::ConstantFP::get(scalar_type(node.type), node.number);
      return llvm::ConstantInt::get(scalar_type(node.type), static_cast<uint64_t>(node.integer), true);
    case ScalarOp::argument:
      fail_internal("a placeholder in loop IR");
    case ScalarOp::index:
      if (node.type == ElementType::i64) return materialize(variable(node.integer).linear);
      return variable(node.integer).value;
    case ScalarOp::load:
      return load(node);
    case ScalarOp::add:
    case ScalarOp::subtract:
    case ScalarOp::multiply:
    case ScalarOp::negate:
      if (node.type == ElementType::i64) return materialize(linear(expression));
      break;
    case ScalarOp::divide:
    case ScalarOp::remainder:
      if (node.type == ElementType::i64) {
        if (Value result = divide_index(node)) return result;
      }
      break;
    default:
      break;
  }
  llvm::SmallVector<Value, 3> operands;
  for (const Expression& operand : node.operands) operands.push_back(value(operand));
  return apply(node, operands);
}

// Index arithmetic is collected symbolically; whatever is not a sum of products with constants is one term.
Linear FunctionEmitter::linear(const Expression& expression) {
  const ExpressionNode& node = *expression;
  if (node.type != ElementType::i64) fail_internal("index arithmetic is in i64");
  Linear result;
  switch (node.op) {
    case ScalarOp::constant:
      return Linear(node.integer);
    case ScalarOp::index:
      return variable(node.integer).linear;
    case ScalarOp::add:
      result = linear(node.operands[0]);
      result.add(linear(node.operands[1]));
      return result;
    case ScalarOp::subtract:
      result = linear(node.operands[0]);
      result.add(linear(node.operands[1]), -1);
      return result;
    case ScalarOp::negate:
      result.add(linear(node.operands[0]), -1);
      return result;
    case ScalarOp::multiply: {
      const Linear a = linear(node.operands[0]);
      const Linear b = linear(node.operands[1]);
      if (a.is_constant()) {
        result.add(b, a.constant);
      } else if (b.is_constant()) {
        result.add(a, b.constant);
      } else {
        llvm::SmallVector<Value, 2> factors = {materialize(a), materialize(b)};
        unify(factors);
        result = Linear(builder_.CreateMul(factors[0], factors[1]));
      }
      return result;
    }
    default:
      return Linear(value(expression));
  }
}

// In the first `lanes` lanes.
FunctionEmitter::Range FunctionEmitter::range_of(const Linear& form, int lanes) const {
  // Far from overflow, or unknown.
  constexpr Range unknown = {INT64_MIN, INT64_MAX};
  constexpr int64_t limit = int64_t{1} << 48;
  const auto modest = [](int64_t x) { return -limit < x && x < limit; };
  if (!modest(form.constant) || !modest(form.lane_step)) return unknown;
  Range sum = {form.constant, form.constant};
  const auto add = [&](int64_t factor, Range range) {
    int64_t a = 0;
    int64_t b = 0;
    if (__builtin_mul_overflow(factor, range.low, &a) || __builtin_mul_overflow(factor, range.high, &b) ||
        !modest(a) || !modest(b)) {
      return false;
    }
    sum.low += std::min(a, b);
    sum.high += std::max(a, b);
    return modest(sum.low) && modest(sum.high);
  };
  if (form.lane_step != 0 && !add(form.lane_step, {0, lanes - 1})) return unknown;
  for (const Linear::Term& term : form.terms) {
    const auto found = ranges_.find(term.value);
    if (found == ranges_.end() || !add(term.factor, found->second)) return unknown;
  }
  return sum;
}

// Dividing a number that cannot be negative by a positive constant needs no care for signs. Null if it may
// be.
llvm::Value* FunctionEmitter::divide_index(const ExpressionNode& node) {
  const Linear dividend = linear(node.operands[0]);
  const Linear divisor = linear(node.operands[1]);
  if (!divisor.is_constant() || divisor.constant <= 0) return nullptr;
  const Range range = range_of(dividend, lanes_ ? lanes_->width : 1);
  if (range.low < 0) return nullptr;
  const bool quotient = node.op == ScalarOp::divide;
  const int64_t by = divisor.constant;
  if (range.low / by == range.high / by) {
    if (quotient) return builder_.getInt64(static_cast<uint64_t>(range.low / by));
    Linear rest = dividend;
    rest.constant -= range.low / by * by;
    return materialize(rest);
  }
  Value number = materialize(dividend);
  Value constant = llvm::ConstantInt::get(number->getType(), static_cast<uint64_t>(by));
  Value result = quotient ? builder_.CreateUDiv(number, constant) : builder_.CreateURem(number, constant);
  if (quotient) {
    ranges_[result] = {range.low / by, range.high / by};
  } else {
    ranges_[result] = {0, std::min(by - 1, range.high)};
  }
  return result;
}

llvm::Value* FunctionEmitter::materialize(const Linear& form) {
  const auto number = [this](int64_t value) { return builder_.getInt64(static_cast<uint64_t>(value)); };
  Value sum = nullptr;
  const auto add = [&](Value addend) {
    if (sum == nullptr) {
      sum = addend;
      return;
    }
    llvm::SmallVector<Value, 2> both = {sum, addend};
    unify(both);
    sum = builder_.CreateAdd(both[0], both[1]);
  };
  // Scalars first: one splat for all of them.
  for (const bool vectors : {false, true}) {
    for (const Linear::Term& term : form.terms) {
      if (term.value->getType()->isVectorTy() != vectors) continue;
      Value factor = number(term.factor);
      if (vectors) factor = widen(factor);
      add(term.factor == 1 ? term.value : builder_.CreateMul(term.value, factor));
    }
    if (!vectors && (form.constant != 0 || form.terms.empty())) add(number(form.constant));
  }
  if (form.lane_step != 0) {
    llvm::SmallVector<llvm::Constant*> steps;
    for (int64_t i = 0; i < lanes_->width; ++i) steps.push_back(number(i * form.lane_step));
    add(llvm::ConstantVector::get(steps));
  }
  return sum == nullptr ? number(0) : sum;
}

llvm::Value* FunctionEmitter::apply(const ExpressionNode& node, llvm::ArrayRef<Value> given) {
  if (node.op == ScalarOp::random_bits) return random_bits(given);
  llvm::SmallVector<Value, 3> operands(given.begin(), given.end());
  const ElementType type = node.operands.front()->type;
  if (node.op == ScalarOp::select && !operands[0]->getType()->isVectorTy()) {
    // A scalar condition chooses between whole vectors.
    if (const auto* known = llvm::dyn_cast<llvm::ConstantInt>(operands[0]))
      return operands[known->isZero() ? 2 : 1];
    llvm::SmallVector<Value, 2> choices = {operands[1], operands[2]};
    unify(choices);
    return builder_.CreateSelect(operands[0], choices[0], choices[1]);
  }
  unify(operands);
  switch (node.op) {
    case ScalarOp::select:
      return builder_.CreateSelect(operands[0], operands[1], operands[2]);
    case ScalarOp::cast:
      return convert(operands[0], type, node.type);
    case ScalarOp::equal:
    case ScalarOp::not_equal:
    case ScalarOp::less:
    case ScalarOp::less_equal:
    case ScalarOp::greater:
    case ScalarOp::greater_equal:
      return compare(node.op, type, operands[0], operands[1]);
    default:
      return is_float(type) ? apply_float(node, operands) : apply_integer(node, operands);
  }
}

llvm::Value* FunctionEmitter::compare(ScalarOp op, ElementType type, Value a, Value b) {
  using P = llvm::CmpInst::Predicate;
  const bool is_signed = type != ElementType::u8 && type != ElementType::boolean;
  const auto choose = [&](P floating, P with_sign, P without_sign) {
    if (is_float(type)) return builder_.CreateFCmp(floating, a, b);
    return builder_.CreateICmp(is_signed ? with_sign : without_sign, a, b);
  };
  switch (op) {
    case ScalarOp::equal:
      return choose(P::FCMP_OEQ, P::ICMP_EQ, P::ICMP_EQ);
    case ScalarOp::not_equal:
      return choose(P::FCMP_UNE, P::ICMP_NE, P::ICMP_NE);
    case ScalarOp::less:
      return choose(P::FCMP_OLT, P::ICMP_SLT, P::ICMP_ULT);
    case ScalarOp::less_equal:
      return choose(P::FCMP_OLE, P::ICMP_SLE, P::ICMP_ULE);
    case ScalarOp::greater:
      return choose(P::FCMP_OGT, P::ICMP_SGT, P::ICMP_UGT);
    default:
      return choose(P::FCMP_OGE, P::ICMP_SGE, P::ICMP_UGE);
  }
}

// Rounds the quotient down. Never traps: x / 0 and its remainder are 0, the smallest number / -1 wraps.
llvm::Value* FunctionEmitter::floor_divide(ElementType type, Value a, Value b, Value* remainder) {
  llvm::Type* kind = a->getType();
  Value zero = llvm::Constant::getNullValue(kind);
  Value one = llvm::ConstantInt::get(kind, 1);
  Value all_ones = llvm::Constant::getAllOnesValue(kind);
  const bool is_signed = type != ElementType::u8;
  Value by_zero = builder_.CreateICmpEQ(b, zero);
  Value by_minus_one = is_signed ? builder_.CreateICmpEQ(b, all_ones) : builder_.getFalse();
  if (!is_signed && kind->isVectorTy()) by_minus_one = widen(by_minus_one);
  Value divisor = builder_.CreateSelect(builder_.CreateOr(by_zero, by_minus_one), one, b);
  Value quotient;
  if (is_signed) {
    quotient = builder_.CreateSDiv(a, divisor);
    Value rest = builder_.CreateSub(a, builder_.CreateMul(quotient, divisor));
    Value inexact = builder_.CreateICmpNE(rest, zero);
    Value signs_differ = builder_.CreateICmpSLT(builder_.CreateXor(a, divisor), zero);
    quotient =
        builder_.CreateSub(quotient, builder_.CreateZExt(builder_.CreateAnd(inexact, signs_differ), kind));
    quotient = builder_.CreateSelect(by_minus_one, builder_.CreateNeg(a), quotient);
  } else {
    quotient = builder_.CreateUDiv(a, divisor);
  }
  quotient = builder_.CreateSelect(by_zero, zero, quotient);
  if (remainder != nullptr) {
    Value rest = builder_.CreateSub(a, builder_.CreateMul(quotient, b));
    *remainder = builder_.CreateSelect(by_zero, zero, rest);
  }
  return quotient;
}

llvm::Value* FunctionEmitter::apply_integer(const ExpressionNode& node, llvm::ArrayRef<Value> operands) {
  const ElementType type = node.operands.front()->type;
  const bool is_signed = type != ElementType::u8 && type != ElementType::boolean;
  Value a = operands[0];
  Value b = operands.size() > 1 ? operands[1] : nullptr;
  llvm::Type* kind = a->getType();
  Value zero = llvm::Constant::getNullValue(kind);
  switch (node.op) {
    case ScalarOp::negate:
      return builder_.CreateNeg(a);
    case ScalarOp::absolute:
      return is_signed ? builder_.CreateSelect(builder_.CreateICmpSLT(a, zero), builder_.CreateNeg(a), a) : a;
    case ScalarOp::sign: {
      Value positive = builder_.CreateZExt(builder_.CreateICmpNE(a, zero), kind);
      if (!is_signed) return positive;
      return builder_.CreateSelect(builder_.CreateICmpSLT(a, zero), llvm::Constant::getAllOnesValue(kind),
                                   positive);
    }
    case ScalarOp::floor:
    case ScalarOp::ceil:
    case ScalarOp::round:
      return a;
    case ScalarOp::is_finite:
      return llvm::Constant::getAllOnesValue(kind->getWithNewBitWidth(1));
    case ScalarOp::logical_not:
      return builder_.CreateNot(a);
    case ScalarOp::add:
      return builder_.CreateAdd(a, b);
    case ScalarOp::subtract:
      return builder_.CreateSub(a, b);
    case ScalarOp::multiply:
      return builder_.CreateMul(a, b);
    case ScalarOp::divide:
      return floor_divide(type, a, b, nullptr);
    case ScalarOp::remainder: {
      Value rest = nullptr;
      floor_divide(type, a, b, &rest);
      return rest;
    }
    case ScalarOp::minimum:
      return builder_.CreateSelect(compare(ScalarOp::less, type, b, a), b, a);
    case ScalarOp::maximum:
      return builder_.CreateSelect(compare(ScalarOp::greater, type, b, a), b, a);
    case ScalarOp::power:
      return integer_power(is_signed, a, b);
    case ScalarOp::logical_and:
      return builder_.CreateAnd(a, b);
    case ScalarOp::logical_or:
      return builder_.CreateOr(a, b);
    case ScalarOp::logical_xor:
      return builder_.CreateXor(a, b);
    case ScalarOp::shift_left:
    case ScalarOp::shift_right_logical: {
      // LLVM leaves shifts by the width or more undefined; here nothing remains.
      Value limit = llvm::ConstantInt::get(kind, kind->getScalarSizeInBits());
      Value fits = builder_.CreateICmpULT(b, limit);
      Value amount = builder_.CreateSelect(fits, b, zero);
      Value shifted =
          node.op == ScalarOp::shift_left ? builder_.CreateShl(a, amount) : builder_.CreateLShr(a, amount);
      return builder_.CreateSelect(fits, shifted, zero);
    }
    case ScalarOp::multiply_add:
      return builder_.CreateAdd(builder_.CreateMul(a, b), operands[2]);
    default:
      fail_internal("an operation of floats on integers: " + std::string(name(node.op)));
  }
}

// By squaring, one step per bit. A negative exponent leaves 1 for the base 1, ±1 for -1, else 0.
llvm::Value* FunctionEmitter::integer_power(bool is_signed, Value base, Value exponent) {
  llvm::Type* kind = base->getType();
  Value zero = llvm::Constant::getNullValue(kind);
  Value one = llvm::ConstantInt::get(kind, 1);
  Value all_ones = llvm::Constant::getAllOnesValue(kind);
  Value result = one;
  Value factor = base;
  for (unsigned bit = 0; bit < kind->getScalarSizeInBits(); ++bit) {
    Value set = builder_.CreateAnd(
        exponent, llvm::ConstantInt::get(kind, llvm::APInt::getOneBitSet(kind->getScalarSizeInBits(), bit)));
    result = builder_.CreateSelect(builder_.CreateIsNotNull(set), builder_.CreateMul(result, factor), result);
    factor = builder_.CreateMul(factor, factor);
  }
  if (!is_signed) return result;
  Value odd = builder_.CreateIsNotNull(builder_.CreateAnd(exponent, one));
  Value of_minus_one = builder_.CreateSelect(odd, all_ones, one);
  Value inverse = builder_.CreateSelect(builder_.CreateICmpEQ(base, all_ones), of_minus_one, zero);
  inverse = builder_.CreateSelect(builder_.CreateICmpEQ(base, one), one, inverse);
  return builder_.CreateSelect(builder_.CreateICmpSLT(exponent, zero), inverse, result);
}

llvm::Value* FunctionEmitter::convert(Value operand, ElementType from, ElementType to) {
  if (from == to) return operand;
  if (is_short_float(to)) return convert_to_short(operand, from, to);
  if (is_short_float(from)) return convert(operand, ElementType::f32, to);
  llvm::Type* type = scalar_type(to);
  if (auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(operand->getType())) {
    type = llvm::FixedVectorType::get(type, vector->getNumElements());
  }
  const auto is_unsigned = [](ElementType it) { return it == ElementType::u8 || it == ElementType::boolean; };
  if (to == ElementType::boolean) {
    if (!is_float(from)) return builder_.CreateIsNotNull(operand);
    return builder_.CreateFCmpUNE(operand, llvm::Constant::getNullValue(operand->getType()));
  }
  if (is_float(from) && is_float(to)) return builder_.CreateFPCast(operand, type);
  if (is_float(from)) {
    const auto kind = is_unsigned(to) ? llvm::Intrinsic::fptoui_sat : llvm::Intrinsic::fptosi_sat;
    return builder_.CreateIntrinsic(kind, {type, operand->getType()}, {operand});
  }
  if (is_float(to)) {
    return is_unsigned(from) ? builder_.CreateUIToFP(operand, type) : builder_.CreateSIToFP(operand, type);
  }
  return is_unsigned(from) ? builder_.CreateZExtOrTrunc(operand, type)
                           : builder_.CreateSExtOrTrunc(operand, type);
}

}  // namespace gradus::emit
