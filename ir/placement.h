// Where the results of a kernel or scan lie: its attribute `place`, which plan-buffers writes, lowering
// obeys, and texts show, in words: "workspace 4096, result 0, input 3".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gradus {

struct Node;

struct Placement {
  enum class Kind : uint8_t {
    workspace,  // from byte `at` of the workspace
    result,     // in result `at` of the graph
    input,      // in input `at` of the graph, which it updates
  };
  // Of every offset in the workspace, in bytes: a cache line, and the widest vector.
  static constexpr int64_t alignment = 64;

  Kind kind = Kind::workspace;
  int64_t at = 0;  // not negative
  friend bool operator==(const Placement&, const Placement&) = default;
};

std::string to_string(const Placement& place);
std::string to_string(const std::vector<Placement>& places);
std::optional<std::vector<Placement>> parse_placements(std::string_view text);  // none if it is malformed

// One per result; empty if nothing has been planned. Shape rules have refused what does not parse.
std::vector<Placement> placements(const Node& node);

}  // namespace gradus
