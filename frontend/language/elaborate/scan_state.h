#pragma once

#include <map>
#include <string>

#include "frontend/language/elaborate/elaborator.h"

namespace gradus::language {

// The scan whose body is being elaborated.
struct Elaborator::ScanState {
  const Activation* activation = nullptr;
  std::map<std::string, Tensor> collected;
};

}  // namespace gradus::language
