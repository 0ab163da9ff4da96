// Whether a layout is one of its type: asked of every type that a text gives, before anything reads it, and
// of every graph by its verifier.
#pragma once

#include <string>

#include "ir/type.h"

namespace gradus {

// What is wrong with the layout; empty if nothing is.
std::string layout_problem(const Type& type);

}  // namespace gradus
