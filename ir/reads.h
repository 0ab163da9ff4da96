// What an element of a value of a body is computed from: which elements of what lies in memory, and which
// indices besides. Merging of axes, epilogues and operands of contractions are questions about that.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "ir/access.h"
#include "ir/graph.h"
#include "ir/index.h"

namespace gradus {

// Follows values from an index of theirs to where they come from. An index that is clamped, or that an
// operand holds, becomes an opaque one: nothing is known of it but its range.
class Reads {
 public:
  // Whether a value is at hand: it lies in memory, dense and row-major, or the caller computes it.
  using IsAtHand = std::function<bool(Value)>;
  struct Read {
    Value value;
    Indices tuple;
  };
  // An index that is inside of [low, high) for some elements only, and the opaque one that it is clamped to.
  struct Guard {
    Index index;
    int64_t low = 0, high = 0;
    Index clamped;
  };

  Reads(const Graph& body, IndexSpace& space, IsAtHand is_at_hand);

  // An index that something is stored at, or compared with.
  void use(const Index& index) { used_.push_back(index); }
  // An index that is kept in [low, high), as it is used from there on.
  Index guarded(const Index& index, int64_t low, int64_t high);
  // Everything that the value's element at `tuple` is computed from.
  void follow(Value value, const Indices& tuple);

  const std::vector<Index>& used() const { return used_; }
  const std::vector<Read>& reads() const { return reads_; }
  const std::vector<Guard>& guards() const { return guards_; }
  // The nodes that were followed, once for each index that they are computed at.
  std::vector<uint32_t> computed() const;

 private:
  void follow_operand(const Node& node, size_t operand, const AccessMap& map, const Indices& tuple);

  const Graph& body_;
  IndexSpace& space_;
  IsAtHand is_at_hand_;
  std::set<std::pair<Value, Indices>> seen_;
  std::vector<Index> used_;
  std::vector<Read> reads_;
  std::vector<Guard> guards_;
  std::map<std::tuple<Index, int64_t, int64_t>, Index> clamped_;  // by what is guarded, and how
};

// How a value of a kernel's body that is at hand lies in memory: an input as its type says, what the kernel's
// own loops compute row-major, whatever it is stored as in the end.
Type type_in_memory(const Graph& body, Value value);
// How a node reads its operands, if each of its elements is made of single elements.
NodeAccess node_access(const Graph& graph, const Node& node);
// Whether the operand is read at some elements only (guarded axes): the others come from elsewhere.
bool is_read_by_cases(const AccessMap& map);
// The tuple of the operand of a view.
Indices view_tuple(const Graph& graph, const Node& view, const Indices& tuple, IndexSpace& space);
// What the value is only another view of (reshape, transpose, slice, broadcast, reverse), if that is at hand.
std::optional<Reads::Read> viewed(const Graph& graph, Value value, Indices tuple, IndexSpace& space,
                                  const Reads::IsAtHand& is_at_hand);

}  // namespace gradus
