// Places of the model in reports.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "ir/error.h"

namespace gradus {

std::string with_place(const std::string& text, const SourceSpan& span);  // dot (xor.gradus:5:16)
nlohmann::json place_json(const SourceSpan& span);                        // null if it is not known

}  // namespace gradus
