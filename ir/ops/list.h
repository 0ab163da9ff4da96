// The one list of all ops, by family. An op is a record `const Op name` in namespace gradus::ops, in its
// family's file, and one entry here.
#pragma once

// clang-format off
#define GRADUS_CONTROL_OPS(OP) \
  OP(input) OP(constant) OP(mark) OP(stop_gradient) OP(custom_gradient) OP(gradient) \
  OP(scan) OP(call) OP(kernel)

#define GRADUS_ELEMENTWISE_OPS(OP) \
  OP(add) OP(sub) OP(mul) OP(mul_no_nan) OP(div) OP(rem) OP(pow) OP(maximum) OP(minimum) OP(atan2) \
  OP(neg) OP(abs) OP(sign) OP(floor) OP(ceil) OP(round) \
  OP(exp) OP(expm1) OP(log) OP(log1p) OP(sqrt) OP(rsqrt) OP(cbrt) \
  OP(sin) OP(cos) OP(tan) OP(asin) OP(acos) OP(atan) OP(sinh) OP(cosh) OP(tanh) OP(erf) OP(normal_cdf) OP(sigmoid) OP(softplus) \
  OP(equal) OP(not_equal) OP(less) OP(less_equal) OP(greater) OP(greater_equal) OP(is_finite) \
  OP(logical_and) OP(logical_or) OP(logical_xor) OP(logical_not) OP(shift_left) OP(shift_right_logical) \
  OP(select) OP(clamp) OP(cast)

#define GRADUS_SHAPE_OPS(OP) \
  OP(reshape) OP(transpose) OP(broadcast) OP(slice) OP(pad) OP(concat) OP(reverse) OP(relayout)

#define GRADUS_REDUCTION_OPS(OP) \
  OP(sum) OP(prod) OP(max) OP(min) OP(any) OP(all) OP(argmax) OP(argmin) OP(cumsum)

#define GRADUS_CONTRACTION_OPS(OP) \
  OP(dot) OP(conv)

#define GRADUS_WINDOW_OPS(OP) \
  OP(reduce_window) OP(select_and_scatter) OP(select_and_gather)

#define GRADUS_INDEXED_OPS(OP) \
  OP(gather) OP(scatter_add) OP(one_hot) OP(iota) OP(dynamic_slice) OP(dynamic_update_slice) OP(sort) OP(top_k) \
  OP(status)

#define GRADUS_RANDOM_OPS(OP) \
  OP(random_bits) OP(uniform) OP(normal)
// clang-format on

#define GRADUS_OPS(OP)       \
  GRADUS_CONTROL_OPS(OP)     \
  GRADUS_ELEMENTWISE_OPS(OP) \
  GRADUS_SHAPE_OPS(OP)       \
  GRADUS_REDUCTION_OPS(OP)   \
  GRADUS_CONTRACTION_OPS(OP) \
  GRADUS_WINDOW_OPS(OP)      \
  GRADUS_INDEXED_OPS(OP)     \
  GRADUS_RANDOM_OPS(OP)
