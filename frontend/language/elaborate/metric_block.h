#pragma once

#include "frontend/language/syntax.h"

namespace gradus::language {

// Whether a statement of `every epoch` or `finally` is arithmetic on metrics; otherwise it is about tensors.
bool is_about_metrics(const Block& block, const Statement& statement);

}  // namespace gradus::language
