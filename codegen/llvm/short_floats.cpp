// bf16 and f16. Both are for storage: in registers they are f32, rounded after every operation, and memory
// holds sixteen bits. Written out in integer arithmetic, because targets differ in what they have for these
// types (LLVM would call functions that compiled code does not link, or refuse).
#include "codegen/llvm/function_emitter.h"

namespace gradus::emit {

namespace {

using Value = llvm::Value*;

// An f32 (scalar or vector) and its bits.
class Bits {
 public:
  Bits(llvm::IRBuilder<>& builder, Value f32)
      : b_(builder),
        floats_(f32->getType()),
        integers_(floats_->getWithNewType(builder.getInt32Ty())),
        x_(f32) {
    all_ = b_.CreateBitCast(f32, integers_);
    sign_ = b_.CreateAnd(all_, number(0x80000000));
    magnitude_ = b_.CreateAnd(all_, number(0x7fffffff));
  }

  Value all() const { return all_; }
  Value sign() const { return sign_; }
  Value magnitude() const { return magnitude_; }
  Value number(uint64_t constant) const { return llvm::ConstantInt::get(integers_, constant); }
  Value as_float(Value bits) const { return b_.CreateBitCast(bits, floats_); }
  Value is_nan() const { return b_.CreateFCmpUNO(x_, x_); }

  // Without so many of the last bits, to nearest even; the exponent grows where it must.
  Value rounded(unsigned dropped) const {
    Value odd = b_.CreateAnd(b_.CreateLShr(all_, number(dropped)), number(1));
    Value moved = b_.CreateAdd(all_, b_.CreateAdd(odd, number((uint64_t{1} << (dropped - 1)) - 1)));
    return b_.CreateAnd(moved, number(0xffffffff << dropped));
  }

  // The bits of |x| + 0.5, whose last bit is 2^-24, the step of subnormal f16.
  Value beside_half() const {
    return b_.CreateBitCast(b_.CreateFAdd(as_float(magnitude_), llvm::ConstantFP::get(floats_, 0.5)),
                            integers_);
  }

 private:
  llvm::IRBuilder<>& b_;
  llvm::Type *floats_, *integers_;
  Value x_, all_, sign_, magnitude_;
};

constexpr uint64_t bits_of_half = 0x3f000000, bits_of_infinity = 0x7f800000;
constexpr uint64_t least_normal_f16 = 0x38800000;  // 2^-14
constexpr uint64_t beyond_f16 = 0x477ff000;        // 65520, halfway to the number after the largest

}  // namespace

bool is_short_float(ElementType type) { return type == ElementType::bf16 || type == ElementType::f16; }

llvm::Value* FunctionEmitter::round_short(ElementType type, Value f32) {
  const Bits bits(builder_, f32);
  if (type == ElementType::bf16)
    return builder_.CreateSelect(
        bits.is_nan(),
        bits.as_float(builder_.CreateAnd(builder_.CreateOr(bits.all(), bits.number(0x400000)),
                                         bits.number(0xffff0000))),
        bits.as_float(bits.rounded(16)));
  Value subnormal =
      builder_.CreateFSub(bits.as_float(bits.beside_half()), llvm::ConstantFP::get(f32->getType(), 0.5));
  Value signed_subnormal =
      builder_.CreateOr(builder_.CreateBitCast(subnormal, bits.all()->getType()), bits.sign());
  Value result =
      builder_.CreateSelect(builder_.CreateICmpULT(bits.magnitude(), bits.number(least_normal_f16)),
                            signed_subnormal, bits.rounded(13));
  result = builder_.CreateSelect(builder_.CreateICmpUGE(bits.magnitude(), bits.number(beyond_f16)),
                                 builder_.CreateOr(bits.sign(), bits.number(bits_of_infinity)), result);
  return builder_.CreateSelect(bits.is_nan(), f32, bits.as_float(result));
}

// A number of the type, held in f32, as its sixteen bits.
llvm::Value* FunctionEmitter::pack_short(ElementType type, Value f32) {
  const Bits bits(builder_, f32);
  llvm::Type* half_word = bits.all()->getType()->getWithNewBitWidth(16);
  if (type == ElementType::bf16)
    return builder_.CreateTrunc(builder_.CreateLShr(bits.all(), bits.number(16)), half_word);
  Value normal =
      builder_.CreateSub(builder_.CreateLShr(bits.magnitude(), bits.number(13)), bits.number(112 << 10));
  Value subnormal = builder_.CreateSub(bits.beside_half(), bits.number(bits_of_half));
  Value result = builder_.CreateSelect(
      builder_.CreateICmpULT(bits.magnitude(), bits.number(least_normal_f16)), subnormal, normal);
  Value special = builder_.CreateSelect(bits.is_nan(), bits.number(0x7e00), bits.number(0x7c00));
  result = builder_.CreateSelect(builder_.CreateICmpUGE(bits.magnitude(), bits.number(bits_of_infinity)),
                                 special, result);
  return builder_.CreateTrunc(builder_.CreateOr(result, builder_.CreateLShr(bits.sign(), bits.number(16))),
                              half_word);
}

llvm::Value* FunctionEmitter::unpack_short(ElementType type, Value half_words) {
  llvm::Type* words = half_words->getType()->getWithNewBitWidth(32);
  llvm::Type* floats = words->getWithNewType(builder_.getFloatTy());
  const auto number = [&](uint64_t constant) { return llvm::ConstantInt::get(words, constant); };
  Value bits = builder_.CreateZExt(half_words, words);
  if (type == ElementType::bf16) return builder_.CreateBitCast(builder_.CreateShl(bits, number(16)), floats);
  Value sign = builder_.CreateShl(builder_.CreateAnd(bits, number(0x8000)), number(16));
  Value magnitude = builder_.CreateAnd(bits, number(0x7fff));
  Value shifted = builder_.CreateShl(magnitude, number(13));
  // Moves the exponent, of subnormal numbers too.
  Value scaled =
      builder_.CreateFMul(builder_.CreateBitCast(shifted, floats), llvm::ConstantFP::get(floats, 0x1p112));
  Value result = builder_.CreateSelect(builder_.CreateICmpUGE(magnitude, number(0x7c00)),
                                       builder_.CreateOr(shifted, number(bits_of_infinity)),
                                       builder_.CreateBitCast(scaled, words));
  return builder_.CreateBitCast(builder_.CreateOr(result, sign), floats);
}

// f64 to f32 to odd: what is inexact ends in a 1, so that rounding it once more rounds as if it had been
// once.
llvm::Value* FunctionEmitter::narrow_to_odd(Value f64) {
  llvm::Type* floats = f64->getType()->getWithNewType(builder_.getFloatTy());
  Value nearest = builder_.CreateFPTrunc(f64, floats);
  const Bits bits(builder_, nearest);
  Value back = builder_.CreateFPExt(nearest, f64->getType());
  const auto absolute = [&](Value x) { return builder_.CreateUnaryIntrinsic(llvm::Intrinsic::fabs, x); };
  Value away = builder_.CreateFCmpOGT(absolute(back), absolute(f64));
  Value toward_zero = builder_.CreateSelect(away, builder_.CreateSub(bits.all(), bits.number(1)), bits.all());
  Value inexact = builder_.CreateFCmpONE(back, f64);
  return bits.as_float(
      builder_.CreateSelect(inexact, builder_.CreateOr(toward_zero, bits.number(1)), toward_zero));
}

llvm::Value* FunctionEmitter::convert_to_short(Value operand, ElementType from, ElementType to) {
  if (from == ElementType::i64) {
    // A double holds this exactly; what is dropped shows in the last bit.
    llvm::Type* type = operand->getType();
    const auto number = [&](uint64_t constant) { return llvm::ConstantInt::get(type, constant); };
    Value large = builder_.CreateICmpUGE(builder_.CreateAdd(operand, number(uint64_t{1} << 53)),
                                         number(uint64_t{1} << 54));
    Value dropped = builder_.CreateIsNotNull(builder_.CreateAnd(operand, number(1023)));
    Value kept = builder_.CreateAnd(operand, number(~uint64_t{1023}));
    Value odd = builder_.CreateOr(kept, builder_.CreateSelect(dropped, number(1024), number(0)));
    operand = builder_.CreateSelect(large, odd, operand);
  }
  Value number = operand;
  if (from != ElementType::f32 && !is_short_float(from))
    number = narrow_to_odd(from == ElementType::f64 ? operand : convert(operand, from, ElementType::f64));
  return round_short(to, number);
}

}  // namespace gradus::emit
