// Which op a node is of: one enumerator per entry of the list of ops, so that switches over ops are
// exhaustive.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "ir/ops/list.h"

namespace gradus {

#define GRADUS_OP_ID(name) name,
enum class OpId : uint8_t { GRADUS_OPS(GRADUS_OP_ID) };
#undef GRADUS_OP_ID

#define GRADUS_OP_NAME(name) #name,
inline constexpr std::array op_names = std::to_array<std::string_view>({GRADUS_OPS(GRADUS_OP_NAME)});
#undef GRADUS_OP_NAME

// As texts write it.
constexpr std::string_view name(OpId id) { return op_names[static_cast<size_t>(id)]; }

}  // namespace gradus
