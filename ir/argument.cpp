#include "ir/argument.h"

namespace gradus {

std::string_view name(ArgumentKind kind) {
  switch (kind) {
    case ArgumentKind::input:
      return "input";
    case ArgumentKind::parameter:
      return "parameter";
    case ArgumentKind::state:
      return "state";
    case ArgumentKind::seed:
      return "seed";
    case ArgumentKind::step:
      return "step";
    case ArgumentKind::result:
      return "result";
    case ArgumentKind::status:
      return "status";
  }
  return "";
}

}  // namespace gradus
