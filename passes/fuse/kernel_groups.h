// How the nodes of a graph are grouped into kernels: the decisions of the pass `fuse`, without the rewriting.
#pragma once

#include <map>
#include <set>
#include <vector>

#include "passes/fuse/index_paths.h"
#include "passes/fuse/kernel_kind.h"

namespace gradus {

struct KernelGroup {
  std::vector<uint32_t> nodes;
  std::vector<uint32_t> heroes;  // reductions of one class, or one contraction
  Shape shape;                   // of its results
  KernelKind kind = KernelKind::map;
  bool check_only = false;  // yields result 1 of its gather or one_hot
  size_t merged_into = ~size_t{0};
};

class KernelGroups {
 public:
  static constexpr size_t no_group = ~size_t{0};

  explicit KernelGroups(const Graph& graph);

  const Graph& graph() const { return graph_; }
  size_t size() const { return groups_.size(); }
  const KernelGroup& group(size_t index) const { return groups_[index]; }  // its nodes ascend
  bool escapes(uint32_t i) const { return escapes_[i]; }  // a result, an update or a check needs its value
  const Node& node(uint32_t i) const { return graph_.node(i); }
  KernelKind kind(uint32_t i) const { return kernel_kind(node(i)); }
  bool live(uint32_t i) const { return live_[i]; }
  bool repeated(uint32_t i) const;
  // Its value must lie in memory, whoever reads it.
  bool materialized(uint32_t i) const { return materialize_[i]; }
  // How many times an element of i is computed when its users pull it.
  double expansion(uint32_t i) const;
  // Whether its users read it at more places than code is repeated for.
  bool too_many_paths(uint32_t i) const { return paths_.too_many(i); }
  size_t group_of(Value value) const;
  std::set<size_t> producers(size_t self) const;
  // Whether each element of the one reads the same element of the other, and no further one.
  bool reads_at_identity(const KernelGroup& reader, size_t producer) const;
  // What a kernel must yield: of one group, or of two that may become one.
  std::vector<Value> yields(size_t group, size_t other = no_group) const;
  // The indices of a gather or one_hot: all that its check reads.
  Value indices_of(uint32_t i) const { return node(i).operands.back(); }

 private:
  // Result 1 of a lookup is its check, a kernel of its own.
  bool is_check(Value value) const { return value.result == 1 && kind(value.node) == KernelKind::map; }
  void require(Value value);
  bool reads(uint32_t user, uint32_t i) const;
  // Which nodes' values are read at all. A lookup of which only the check is wanted reads its indices alone.
  void find_live();
  // What a check reads has a kernel even where nothing else reads it.
  void escape_through(Value value);
  // Values that must lie in memory: results, and what contractions and lone ops read.
  void find_materialized();
  void escape(Value value);
  // Kernels that read node i, seen through repeated nodes.
  void consumers(uint32_t i, std::set<size_t>& out) const;
  // Every use of i in its only consumer is element by element.
  bool used_at_identity(uint32_t i) const;
  bool may_join(uint32_t i, const KernelGroup& group) const;
  void join(uint32_t i, size_t index);
  void assign(uint32_t i);
  void find_paths(uint32_t i);
  // The check of a gather or one_hot is a kernel of its own; the lookup is pulled into its users.
  void add_check_groups();
  // Groups whose results `group` reads.
  void collect_producers(const KernelGroup& group, size_t self, Value value, std::set<size_t>& out) const;
  // A merged kernel reads more than before, so that it may merge again: until nothing changes.
  void merge_into_producers();
  bool may_merge(size_t g, size_t p) const;
  // Whether a kernel that is none of these reads the value of node i.
  bool read_outside(uint32_t i, size_t group, size_t other) const;
  void merge(size_t g, size_t p);

  const Graph& graph_;
  std::vector<std::vector<uint32_t>> users_;
  std::vector<bool> live_;
  std::set<uint32_t> checked_;
  std::vector<bool> materialize_;
  std::vector<bool> escapes_;
  std::vector<bool> identity_;
  std::vector<double> expansion_;
  IndexPaths paths_;  // from the elements of a node's group
  std::vector<size_t> group_of_;
  std::map<uint32_t, size_t> check_group_of_;
  std::vector<KernelGroup> groups_;
};

}  // namespace gradus
