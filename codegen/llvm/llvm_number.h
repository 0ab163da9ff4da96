// The number type of ir/math/number.h that writes code: the same formulas, as scalars or as vectors.
#pragma once

#include <array>

#include <llvm/IR/IRBuilder.h>
#include <llvm/IR/Intrinsics.h>
#include <llvm/IR/IntrinsicsX86.h>

#include "ir/math/number.h"
#include "ir/target.h"

namespace gradus::emit {

struct NumberContext {
  llvm::IRBuilder<>& builder;
  const Target& target;
};

struct LlvmBoolean {
  const NumberContext* context;
  llvm::Value* value;

  friend LlvmBoolean operator&(LlvmBoolean a, LlvmBoolean b) {
    return {a.context, a.context->builder.CreateAnd(a.value, b.value)};
  }
  friend LlvmBoolean operator|(LlvmBoolean a, LlvmBoolean b) {
    return {a.context, a.context->builder.CreateOr(a.value, b.value)};
  }
  friend LlvmBoolean operator!(LlvmBoolean a) { return {a.context, a.context->builder.CreateNot(a.value)}; }
};

struct LlvmInteger {
  const NumberContext* context;
  llvm::Value* value;

  LlvmInteger with(llvm::Value* other) const { return {context, other}; }
  llvm::Value* number(int64_t constant) const {
    return llvm::ConstantInt::get(value->getType(), static_cast<uint64_t>(constant), true);
  }
  llvm::IRBuilder<>& builder() const { return context->builder; }

  friend LlvmInteger operator+(LlvmInteger a, LlvmInteger b) {
    return a.with(a.builder().CreateAdd(a.value, b.value));
  }
  friend LlvmInteger operator-(LlvmInteger a, LlvmInteger b) {
    return a.with(a.builder().CreateSub(a.value, b.value));
  }
  friend LlvmInteger operator&(LlvmInteger a, LlvmInteger b) {
    return a.with(a.builder().CreateAnd(a.value, b.value));
  }
  friend LlvmInteger operator|(LlvmInteger a, LlvmInteger b) {
    return a.with(a.builder().CreateOr(a.value, b.value));
  }
  friend LlvmInteger operator^(LlvmInteger a, LlvmInteger b) {
    return a.with(a.builder().CreateXor(a.value, b.value));
  }
  friend LlvmInteger operator~(LlvmInteger a) { return a.with(a.builder().CreateNot(a.value)); }
  friend LlvmInteger operator+(LlvmInteger a, int64_t b) { return a + a.with(a.number(b)); }
  friend LlvmInteger operator-(LlvmInteger a, int64_t b) { return a - a.with(a.number(b)); }
  friend LlvmInteger operator&(LlvmInteger a, int64_t b) { return a & a.with(a.number(b)); }
  friend LlvmInteger operator<<(LlvmInteger a, int count) {
    return a.with(a.builder().CreateShl(a.value, a.number(count)));
  }
  friend LlvmInteger operator>>(LlvmInteger a, int count) {
    return a.with(a.builder().CreateAShr(a.value, a.number(count)));
  }
  friend LlvmInteger shift_right_logical(LlvmInteger a, int count) {
    return a.with(a.builder().CreateLShr(a.value, a.number(count)));
  }
  friend LlvmBoolean operator==(LlvmInteger a, int64_t b) {
    return {a.context, a.builder().CreateICmpEQ(a.value, a.number(b))};
  }
  friend LlvmBoolean operator<(LlvmInteger a, int64_t b) {
    return {a.context, a.builder().CreateICmpSLT(a.value, a.number(b))};
  }
  friend LlvmBoolean operator>(LlvmInteger a, int64_t b) {
    return {a.context, a.builder().CreateICmpSGT(a.value, a.number(b))};
  }
  friend LlvmInteger select(LlvmBoolean condition, LlvmInteger a, LlvmInteger b) {
    return a.with(a.builder().CreateSelect(condition.value, a.value, b.value));
  }
};

// Templates make numbers only from other numbers, so that a default value is never used.
struct LlvmNumber {
  using Boolean = LlvmBoolean;
  using Integer = LlvmInteger;
  using Wide = LlvmNumber;
  const NumberContext* context = nullptr;
  llvm::Value* value = nullptr;

  LlvmNumber with(llvm::Value* other) const { return {context, other}; }
  llvm::IRBuilder<>& builder() const { return context->builder; }
  LlvmNumber intrinsic(llvm::Intrinsic::ID id) const {
    return with(builder().CreateIntrinsic(id, {value->getType()}, {value}));
  }
  LlvmBoolean compare(llvm::CmpInst::Predicate predicate, LlvmNumber other) const {
    return {context, builder().CreateFCmp(predicate, value, other.value)};
  }

  friend LlvmNumber like(LlvmNumber x, double constant) {
    return x.with(llvm::ConstantFP::get(x.value->getType(), constant));
  }
  friend bool is_double(LlvmNumber x) { return x.value->getType()->getScalarType()->isDoubleTy(); }
  friend bool has_fused(LlvmNumber x) { return x.context->target.has_fma; }

  friend LlvmNumber operator+(LlvmNumber a, LlvmNumber b) {
    return a.with(a.builder().CreateFAdd(a.value, b.value));
  }
  friend LlvmNumber operator-(LlvmNumber a, LlvmNumber b) {
    return a.with(a.builder().CreateFSub(a.value, b.value));
  }
  friend LlvmNumber operator*(LlvmNumber a, LlvmNumber b) {
    return a.with(a.builder().CreateFMul(a.value, b.value));
  }
  friend LlvmNumber operator/(LlvmNumber a, LlvmNumber b) {
    return a.with(a.builder().CreateFDiv(a.value, b.value));
  }
  friend LlvmNumber operator+(LlvmNumber a, double b) { return a + like(a, b); }
  friend LlvmNumber operator-(LlvmNumber a, double b) { return a - like(a, b); }
  friend LlvmNumber operator*(LlvmNumber a, double b) { return a * like(a, b); }
  friend LlvmNumber operator/(LlvmNumber a, double b) { return a / like(a, b); }
  friend LlvmNumber operator+(double a, LlvmNumber b) { return like(b, a) + b; }
  friend LlvmNumber operator-(double a, LlvmNumber b) { return like(b, a) - b; }
  friend LlvmNumber operator*(double a, LlvmNumber b) { return like(b, a) * b; }
  friend LlvmNumber operator/(double a, LlvmNumber b) { return like(b, a) / b; }
  friend LlvmNumber operator-(LlvmNumber a) { return a.with(a.builder().CreateFNeg(a.value)); }
  friend LlvmNumber multiply_add(LlvmNumber a, LlvmNumber b, LlvmNumber c) {
    if (!has_fused(a)) return a * b + c;
    return a.with(
        a.builder().CreateIntrinsic(llvm::Intrinsic::fma, {a.value->getType()}, {a.value, b.value, c.value}));
  }
  friend LlvmNumber sqrt(LlvmNumber a) { return a.intrinsic(llvm::Intrinsic::sqrt); }
  friend LlvmNumber absolute(LlvmNumber a) { return a.intrinsic(llvm::Intrinsic::fabs); }
  friend LlvmNumber floor(LlvmNumber a) { return a.intrinsic(llvm::Intrinsic::floor); }
  friend LlvmNumber ceil(LlvmNumber a) { return a.intrinsic(llvm::Intrinsic::ceil); }
  friend LlvmNumber round_even(LlvmNumber a) { return a.intrinsic(llvm::Intrinsic::roundeven); }

  friend LlvmBoolean operator<(LlvmNumber a, LlvmNumber b) { return a.compare(llvm::CmpInst::FCMP_OLT, b); }
  friend LlvmBoolean operator>(LlvmNumber a, LlvmNumber b) { return a.compare(llvm::CmpInst::FCMP_OGT, b); }
  friend LlvmBoolean operator<=(LlvmNumber a, LlvmNumber b) { return a.compare(llvm::CmpInst::FCMP_OLE, b); }
  friend LlvmBoolean operator>=(LlvmNumber a, LlvmNumber b) { return a.compare(llvm::CmpInst::FCMP_OGE, b); }
  friend LlvmBoolean operator==(LlvmNumber a, LlvmNumber b) { return a.compare(llvm::CmpInst::FCMP_OEQ, b); }
  friend LlvmBoolean operator!=(LlvmNumber a, LlvmNumber b) { return a.compare(llvm::CmpInst::FCMP_UNE, b); }
  friend LlvmBoolean operator<(LlvmNumber a, double b) { return a < like(a, b); }
  friend LlvmBoolean operator>(LlvmNumber a, double b) { return a > like(a, b); }
  friend LlvmBoolean operator<=(LlvmNumber a, double b) { return a <= like(a, b); }
  friend LlvmBoolean operator>=(LlvmNumber a, double b) { return a >= like(a, b); }
  friend LlvmBoolean operator==(LlvmNumber a, double b) { return a == like(a, b); }
  friend LlvmBoolean operator!=(LlvmNumber a, double b) { return a != like(a, b); }
  friend LlvmNumber select(LlvmBoolean condition, LlvmNumber a, LlvmNumber b) {
    return a.with(a.builder().CreateSelect(condition.value, a.value, b.value));
  }

  llvm::Type* with_scalar(llvm::Type* scalar) const { return value->getType()->getWithNewType(scalar); }
  friend LlvmInteger bits(LlvmNumber a) {
    llvm::Type* scalar = a.builder().getIntNTy(a.value->getType()->getScalarSizeInBits());
    return {a.context, a.builder().CreateBitCast(a.value, a.with_scalar(scalar))};
  }
  friend LlvmNumber from_bits(LlvmNumber x, LlvmInteger pattern) {
    return x.with(x.builder().CreateBitCast(pattern.value, x.value->getType()));
  }
  friend LlvmInteger sign_mask(LlvmNumber a) { return bits(like(a, -0.0)); }
  friend LlvmNumber scalb(LlvmNumber a, LlvmNumber n) {
    // The instruction rounds once as well, so the bits are the same.
    if (a.context->target.vector_bytes == 64 && a.value->getType()->getPrimitiveSizeInBits() == 512) {
      llvm::IRBuilder<>& builder = a.builder();
      const bool wide = is_double(a);
      return a.with(builder.CreateIntrinsic(
          wide ? llvm::Intrinsic::x86_avx512_mask_scalef_pd_512
               : llvm::Intrinsic::x86_avx512_mask_scalef_ps_512,
          {},
          {a.value, n.value, a.value, llvm::ConstantInt::getAllOnesValue(builder.getIntNTy(wide ? 8 : 16)),
           builder.getInt32(4 /* the current rounding mode */)}));
    }
    return math::scale_by_factors(a, n);
  }

  template <size_t count>
  friend LlvmNumber look_up(const std::array<double, count>& table, LlvmNumber index) {
    llvm::IRBuilder<>& builder = index.builder();
    llvm::Module& module = *builder.GetInsertBlock()->getModule();
    llvm::Constant* values =
        llvm::ConstantDataArray::get(builder.getContext(), llvm::ArrayRef<double>(table));
    // LLVM merges equal tables.
    auto* global = new llvm::GlobalVariable(module, values->getType(), true,
                                            llvm::GlobalValue::PrivateLinkage, values, "table");
    global->setUnnamedAddr(llvm::GlobalValue::UnnamedAddr::Global);
    llvm::Type* type = index.value->getType();
    llvm::Value* offset = builder.CreateFPToSI(index.value, index.with_scalar(builder.getInt64Ty()));
    llvm::Value* address = builder.CreateGEP(builder.getDoubleTy(), global, offset);
    if (!type->isVectorTy()) return index.with(builder.CreateLoad(type, address));
    return index.with(builder.CreateMaskedGather(type, address, llvm::Align(alignof(double))));
  }
  // Code after it is in another block.
  template <size_t count, class Otherwise>
  friend std::array<LlvmNumber, count> rarely(LlvmBoolean condition, std::array<LlvmNumber, count> usual,
                                              Otherwise otherwise) {
    llvm::IRBuilder<>& builder = condition.context->builder;
    llvm::BasicBlock* before = builder.GetInsertBlock();
    auto* rare = llvm::BasicBlock::Create(builder.getContext(), "rare", before->getParent());
    auto* after = llvm::BasicBlock::Create(builder.getContext(), "after", before->getParent());
    llvm::Value* anywhere = condition.value;
    if (anywhere->getType()->isVectorTy()) anywhere = builder.CreateOrReduce(anywhere);
    builder.CreateCondBr(anywhere, rare, after);
    builder.SetInsertPoint(rare);
    std::array<LlvmNumber, count> result = otherwise();
    for (size_t k = 0; k < count; ++k) result[k] = select(condition, result[k], usual[k]);
    rare = builder.GetInsertBlock();
    builder.CreateBr(after);
    builder.SetInsertPoint(after);
    for (size_t k = 0; k < count; ++k) {
      llvm::PHINode* merged = builder.CreatePHI(usual[k].value->getType(), 2);
      merged->addIncoming(usual[k].value, before);
      merged->addIncoming(result[k].value, rare);
      result[k].value = merged;
    }
    return result;
  }

  friend LlvmNumber widen(LlvmNumber a) {
    return a.with(a.builder().CreateFPExt(a.value, a.with_scalar(a.builder().getDoubleTy())));
  }
  friend LlvmNumber narrow(LlvmNumber like, LlvmNumber a) {
    return a.with(a.builder().CreateFPTrunc(a.value, like.value->getType()));
  }
};

}  // namespace gradus::emit
