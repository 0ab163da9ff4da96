// Where the results of a kernel or scan lie, its attribute `place`, and what the steps of a scan work in, its
// attribute `scratch`. plan-buffers writes them, lowering obeys, and texts show them in words: "workspace
// 4096, result 0, input 3".
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
  // The bytes that a value takes of the workspace. One without elements has a place of its own as well: no
  // two that live are told apart by their size.
  static constexpr int64_t aligned(int64_t bytes) {
    return ((bytes > 1 ? bytes : 1) + alignment - 1) / alignment * alignment;
  }

  Kind kind = Kind::workspace;
  int64_t at = 0;  // not negative
  friend bool operator==(const Placement&, const Placement&) = default;
};

std::string to_string(const Placement& place);
std::string to_string(const std::vector<Placement>& places);
std::optional<std::vector<Placement>> parse_placements(std::string_view text);  // none if it is malformed

// `place`: one per result; `scratch`: as ops::scratch_bytes lists it. Empty if nothing has been planned.
// Shape rules have refused what does not parse.
std::vector<Placement> placements(const Node& node, std::string_view attribute = "place");

}  // namespace gradus
