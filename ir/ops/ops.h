// The op records, for those who name an op in C++ and for the list.
#pragma once

#include "ir/op.h"
#include "ir/ops/list.h"

namespace gradus::ops {

#define GRADUS_DECLARE_OP(name) extern const Op name;
GRADUS_OPS(GRADUS_DECLARE_OP)
#undef GRADUS_DECLARE_OP

}  // namespace gradus::ops
