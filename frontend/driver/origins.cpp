#include "frontend/driver/origins.h"

namespace gradus {

const Origin* find_origin(const Origins& origins, Origin::Kind kind) {
  for (const Origin& origin : origins)
    if (origin.kind == kind) return &origin;
  return nullptr;
}

const Origin* find_rule(const Origins& origins, uint32_t id) {
  for (const Origin& origin : origins)
    if (origin.kind == Origin::Kind::rule && origin.of < id) return &origin;
  return nullptr;
}

}  // namespace gradus
