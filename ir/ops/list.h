// The one list of all ops, by family. An op is a record `const Op name` in namespace gradus::ops, in its
// family's file, and one entry here.
#pragma once

// clang-format off
#define GRADUS_CONTROL_OPS(OP)

#define GRADUS_ELEMENTWISE_OPS(OP)

#define GRADUS_SHAPE_OPS(OP)

#define GRADUS_REDUCTION_OPS(OP)

#define GRADUS_CONTRACTION_OPS(OP) \
  OP(dot) OP(conv)

#define GRADUS_WINDOW_OPS(OP) \
  OP(reduce_window) OP(select_and_scatter) OP(select_and_gather)

#define GRADUS_INDEXED_OPS(OP) \
  OP(gather) OP(scatter_add) OP(one_hot) OP(iota) OP(status)

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
