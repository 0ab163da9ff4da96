#include "passes/fuse/acyclic_groups.h"

#include <algorithm>

namespace gradus {

AcyclicGroups::AcyclicGroups(std::vector<std::set<size_t>> inputs)
    : inputs_(std::move(inputs)),
      outputs_(inputs_.size()),
      position_(inputs_.size()),
      seen_(inputs_.size(), 0) {
  std::vector<size_t> waiting(inputs_.size());
  for (size_t g = 0; g < inputs_.size(); ++g) {
    waiting[g] = inputs_[g].size();
    if (waiting[g] == 0) order_.push_back(g);
    for (size_t producer : inputs_[g]) outputs_[producer].insert(g);
  }
  for (size_t k = 0; k < order_.size(); ++k)
    for (size_t reader : outputs_[order_[k]])
      if (--waiting[reader] == 0) order_.push_back(reader);
  for (size_t k = 0; k < order_.size(); ++k) position_[order_[k]] = k;
}

bool AcyclicGroups::search(size_t producer, size_t reader) {
  ++search_;
  std::vector<size_t> stack;
  // Nothing that comes before the producer can depend on it.
  const auto visit = [&](size_t group) {
    if (position_[group] <= position_[producer] || seen_[group] == search_) return;
    seen_[group] = search_;
    stack.push_back(group);
  };
  for (size_t group : inputs_[reader])
    if (group != producer) visit(group);
  bool met = false;
  while (!stack.empty() && !met) {
    const size_t group = stack.back();
    stack.pop_back();
    for (size_t next : inputs_[group]) {
      met = met || next == producer;
      visit(next);
    }
  }
  return met;
}

bool AcyclicGroups::reaches_around(size_t producer, size_t reader) { return search(producer, reader); }

void AcyclicGroups::merge(size_t reader, size_t producer) {
  // What the reader needs moves before the producer; everything else between the two stays behind it.
  search(producer, reader);
  const auto first = order_.begin() + static_cast<std::ptrdiff_t>(position_[producer]);
  const auto last = order_.begin() + static_cast<std::ptrdiff_t>(position_[reader]) + 1;
  std::stable_partition(first, last, [&](size_t group) { return seen_[group] == search_; });
  for (auto it = first; it != last; ++it) position_[*it] = static_cast<size_t>(it - order_.begin());

  for (size_t group : inputs_[reader]) {
    outputs_[group].erase(reader);
    if (group == producer) continue;
    inputs_[producer].insert(group);
    outputs_[group].insert(producer);
  }
  for (size_t group : outputs_[reader]) {
    inputs_[group].erase(reader);
    inputs_[group].insert(producer);
    outputs_[producer].insert(group);
  }
  inputs_[reader].clear();
  outputs_[reader].clear();
}

}  // namespace gradus
