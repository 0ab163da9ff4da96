// The functions that are not written in the language, because a primitive op stands behind them.
// The standard library is written with these:
//
//   elementwise   abs sign floor ceil round exp expm1 log log1p sqrt rsqrt cbrt sin cos tan asin acos atan
//   sinh
//                 cosh tanh erf normal_cdf sigmoid softplus is_finite (x)     atan2 pow (x, y)
//                 where(condition, a, b)     clamp(x, low, high)
//                 min max (x, y): smaller, larger; ties go to x
//   reductions    sum mean prod min max any all (x, over: all axes, keep: false)
//                 argmax argmin cumsum (x, over: -1)
//                 sum_squares(x): also of a list of tensors of any shapes
//   shape         shape(x) rank(x) length(list)     reshape(x, shape): one -1 is filled in
//                 transpose(x, axes: reversed)     transpose_last(x)     broadcast(x, shape)
//                 concat stack (list, axis: 0)     split(x, parts, axis: -1)     squeeze(x, axis: 0)
//                 pad(x, low, high, value: 0)     reverse(x, axis: 0)
//   values        zeros ones (shape)     fill(shape, value)     iota(count)     lower_triangle(n)
//                 f32 f64 i32 i64 bool float int (x): casts
//   contraction   convolve(x, w, stride: 1, low: 0, high: 0, dilation: 1, groups: 1): x [batch, spatial…,
//   in],
//                 w [spatial…, in, out]; numbers, or lists with one entry per spatial axis
//                 convolve_transpose(x, w, size: smallest, …): w [spatial…, out, in]
//   window        window_max window_sum (x, window, stride: 1, low: 0, high: 0): x [batch, spatial…,
//   channels];
//                 padding is never counted
//                 mirror(x, low, high): x with elements mirrored at its edges     einsum("ij,jk->ik", a, b)
//   indexed       gather(table, ids)     select_class(x, ids): one element of the last axis per row
//                 scatter_add(updates, ids, size)     one_hot(ids, depth)
//                 dynamic_slice(x, start, size)     dynamic_update_slice(x, update, start)
//                 sort argsort (x, axis: -1)     top_k(x, k): values, indices
//   random        uniform(shape, low: 0, high: 1, seed: none)     bernoulli(shape, probability, seed: none)
//                 normal(shape, deviation: 1, mean: 0, seed: none)
//   other         gradient(y, x)     total(x)        stop_gradient(x)
//                 custom_gradient(value, surrogate)     parameter state (shape, initializer)
//   names         pi infinity nan training batch step
//
// Of known arguments the elementwise functions, sum prod min max and the casts are known themselves:
// prod(shape[0..-1]) is a size. Known lists add elementwise.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::language {

struct Builtin {
  std::string name;
  std::vector<std::string> parameters;  // "x", "over = none"; with " = " optional
};

std::span<const Builtin> builtins();
const Builtin* find_builtin(std::string_view name);

}  // namespace gradus::language
