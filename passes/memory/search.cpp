// Best first over the sets of kernels that have run: what they hold does not depend on their order. Of two
// sets the one that was reached with the lower peak comes first, then the larger one.
//
// Three rules leave few of them, and an order with the least peak among them. A kernel that ends with no more
// held than before, and does not exceed the peak, runs at once: to move it forward lowers what is held at
// every step that it passes, since what it frees only grows with what has run. A source, which frees nothing,
// runs just before the first kernel that needs it. Where nothing is held, all other sets are given up.
#include "passes/memory/search.h"

#include <algorithm>
#include <boost/container_hash/hash.hpp>
#include <boost/dynamic_bitset.hpp>
#include <queue>
#include <tuple>
#include <unordered_map>

namespace gradus {

namespace {

using Set = boost::dynamic_bitset<uint64_t>;  // of kernels, by their number

class Search {
 public:
  Search(const Graph& graph, const Demand& demand, std::span<const uint32_t> part,
         const std::vector<std::vector<uint32_t>>& after)
      : kernels_(part), kernel_(kernels_.size()) {
    std::unordered_map<uint32_t, uint32_t> number;
    for (uint32_t k = 0; k < kernels_.size(); ++k) number[kernels_[k]] = k;
    for (uint32_t k = 0; k < kernels_.size(); ++k) {
      const uint32_t i = kernels_[k];
      Kernel& kernel = kernel_[k];
      for (uint32_t next : after[i]) kernel_[number[next]].before.push_back(k);
      for (const int64_t piece : demand.scratch(i)) kernel.scratch += Placement::aligned(piece);
      for (uint32_t r = 0; r < graph.node(i).types.size(); ++r) {
        const Value value{i, r};
        const int64_t bytes = demand.bytes(value);
        kernel.makes += bytes;
        Operand operand{bytes, {}};
        for (uint32_t reader : demand.readers(value)) {
          operand.readers.push_back(number[reader]);
          kernel_[number[reader]].before.push_back(k);
        }
        if (bytes == 0 || demand.is_held(value)) continue;
        if (operand.readers.empty()) kernel.drops += bytes;
        for (uint32_t reader : operand.readers)
          kernel_[reader].reads.push_back(static_cast<uint32_t>(operands_.size()));
        operands_.push_back(std::move(operand));
      }
    }
    for (const Demand::InPlace& update : demand.in_place()) {
      const auto writer = number.find(update.value.node);
      if (writer == number.end()) continue;
      Updated* updated = nullptr;
      for (Updated& other : kernel_[writer->second].updates)
        if (other.result == update.value.result) updated = &other;
      if (!updated) {
        kernel_[writer->second].updates.push_back(
            {update.value.result, Placement::aligned(size_in_bytes(graph.type(update.value))), {}});
        updated = &kernel_[writer->second].updates.back();
      }
      std::vector<uint32_t>& all = updated->in_place_after.emplace_back();
      for (uint32_t other : update.after) {
        all.push_back(number.at(other));
        kernel_[all.back()].frees_input = true;
      }
    }
    find_sources();
  }

  FoundOrder run(int64_t least, int64_t most) && {
    State start{Set(kernels_.size()), {}, 0, least, 0, {}};
    for (uint32_t k = 0; k < kernels_.size(); ++k)
      if (!kernel_[k].is_source && kernel_[k].before.empty()) start.ready.push_back(k);
    run_what_costs_nothing(start);
    add(std::move(start), most);
    while (!open_.empty()) {
      const size_t s = open_.top().state;
      const int64_t peak = states_[s].peak;
      open_.pop();
      if (states_[s].done.all()) return {peak, path_to(s)};
      if (states_[s].held == 0) open_ = {};
      for (size_t r = 0; r < states_[s].ready.size(); ++r) {
        if (looks_ >= most_looks) return {peak, std::nullopt};
        const uint32_t k = states_[s].ready[r];
        const Step step = step_of(states_[s], k);
        if (step.peak >= most) continue;
        State next = states_[s];
        looks_ += 16 + next.ready.size() + next.done.num_blocks();
        next.from = s;
        next.ran.clear();
        run_kernel(next, k, step);
        run_what_costs_nothing(next);
        add(std::move(next), most);
      }
    }
    return {most, std::nullopt};
  }

 private:
  static constexpr size_t most_looks = 8'000'000;  // of one search: some thirty milliseconds

  struct Operand {
    int64_t bytes;
    std::vector<uint32_t> readers;
  };
  struct Updated {
    uint32_t result;
    int64_t bytes;
    std::vector<std::vector<uint32_t>> in_place_after;  // any of these
  };
  struct Kernel {
    int64_t makes = 0, drops = 0, scratch = 0;
    std::vector<uint32_t> reads;  // operands_
    std::vector<Updated> updates;
    bool frees_input = false;  // an update may be in place when it has run
    bool is_source = false;
    std::vector<uint32_t> before, sources;  // of what comes before it
    std::vector<uint32_t> after;            // that are no sources
  };
  struct Step {
    int64_t peak, held;  // while the kernel and its sources run, and behind them
  };
  struct State {
    Set done;
    std::vector<uint32_t> ready;  // but for sources
    int64_t held = 0, peak = 0;
    size_t from = 0;            // states_
    std::vector<uint32_t> ran;  // since that one
  };

  struct Open {
    int64_t peak;
    size_t done, state;
    // The top of a queue is the last of this order.
    friend bool operator<(const Open& a, const Open& b) {
      return std::tuple{-a.peak, a.done, b.state} < std::tuple{-b.peak, b.done, a.state};
    }
  };
  struct Hash {
    size_t operator()(const Set& set) const { return boost::hash<Set>()(set); }
  };

  void find_sources() {
    std::vector<bool> is_needed(kernels_.size(), false);
    for (Kernel& kernel : kernel_) {
      std::sort(kernel.before.begin(), kernel.before.end());
      kernel.before.erase(std::unique(kernel.before.begin(), kernel.before.end()), kernel.before.end());
      for (uint32_t other : kernel.before) is_needed[other] = true;
    }
    for (uint32_t k = 0; k < kernels_.size(); ++k) {
      Kernel& kernel = kernel_[k];
      kernel.is_source =
          kernel.before.empty() && kernel.updates.empty() && !kernel.frees_input && is_needed[k];
    }
    for (uint32_t k = 0; k < kernels_.size(); ++k) {
      Kernel& kernel = kernel_[k];
      const auto first_source =
          std::stable_partition(kernel.before.begin(), kernel.before.end(),
                                [&](uint32_t other) { return !kernel_[other].is_source; });
      kernel.sources.assign(first_source, kernel.before.end());
      kernel.before.erase(first_source, kernel.before.end());
      // What they leave adds up: the one that works in most comes first.
      std::stable_sort(kernel.sources.begin(), kernel.sources.end(),
                       [&](uint32_t a, uint32_t b) { return kernel_[a].scratch > kernel_[b].scratch; });
      for (uint32_t other : kernel.before) kernel_[other].after.push_back(k);
    }
  }

  // Bytes of updates that are not in place when the kernel runs now.
  int64_t not_in_place(const State& state, uint32_t k) {
    const auto has_run = [&](uint32_t other) { return state.done.test(other); };
    int64_t bytes = 0;
    for (const Updated& update : kernel_[k].updates) {
      const auto is_free = [&](const std::vector<uint32_t>& all) {
        looks_ += all.size();
        return std::all_of(all.begin(), all.end(), has_run);
      };
      if (std::none_of(update.in_place_after.begin(), update.in_place_after.end(), is_free))
        bytes += update.bytes;
    }
    return bytes;
  }

  Step step_of(const State& state, uint32_t k) {
    const Kernel& kernel = kernel_[k];
    Step step{state.peak, state.held};
    const auto run = [&](const Kernel& other, int64_t makes) {
      step.held += makes;
      step.peak = std::max(step.peak, step.held + other.scratch);
      step.held -= other.drops;
    };
    looks_ += 1 + kernel.sources.size();
    for (uint32_t source : kernel.sources)
      if (!state.done.test(source)) run(kernel_[source], kernel_[source].makes);
    run(kernel, kernel.makes + not_in_place(state, k));
    for (uint32_t o : kernel.reads) {
      const std::vector<uint32_t>& readers = operands_[o].readers;
      looks_ += readers.size();
      if (std::all_of(readers.begin(), readers.end(),
                      [&](uint32_t reader) { return reader == k || state.done.test(reader); }))
        step.held -= operands_[o].bytes;
    }
    return step;
  }

  void run_kernel(State& state, uint32_t k, const Step& step) {
    const auto run = [&](uint32_t other) {
      state.done.set(other);
      state.ran.push_back(other);
    };
    state.held = step.held;
    state.peak = step.peak;
    for (uint32_t source : kernel_[k].sources)
      if (!state.done.test(source)) run(source);
    run(k);
    std::erase(state.ready, k);
    for (uint32_t next : kernel_[k].after) {
      const std::vector<uint32_t>& before = kernel_[next].before;
      looks_ += before.size();
      if (std::all_of(before.begin(), before.end(), [&](uint32_t other) { return state.done.test(other); }))
        state.ready.push_back(next);
    }
  }

  void run_what_costs_nothing(State& state) {
    for (size_t r = 0; r < state.ready.size() && looks_ < most_looks;) {
      const uint32_t k = state.ready[r++];
      const Step step = step_of(state, k);
      if (step.peak > state.peak || step.held > state.held || not_in_place(state, k) > 0) continue;
      run_kernel(state, k, step);
      r = 0;
    }
  }

  void add(State state, int64_t most) {
    if (state.peak >= most) return;
    // The same set may be reached with a lower peak, or with less held: more of its updates in place.
    auto& others = seen_[state.done];
    for (const auto& [peak, held] : others)
      if (peak <= state.peak && held <= state.held) return;
    others.emplace_back(state.peak, state.held);
    open_.push({state.peak, state.done.count(), states_.size()});
    states_.push_back(std::move(state));
  }

  std::vector<uint32_t> path_to(size_t s) const {
    std::vector<uint32_t> kernels;
    while (true) {
      for (size_t r = states_[s].ran.size(); r-- > 0;) kernels.push_back(kernels_[states_[s].ran[r]]);
      if (s == 0) break;
      s = states_[s].from;
    }
    std::reverse(kernels.begin(), kernels.end());
    return kernels;
  }

  std::span<const uint32_t> kernels_;
  std::vector<Operand> operands_;
  std::vector<Kernel> kernel_;
  std::vector<State> states_;
  std::unordered_map<Set, std::vector<std::pair<int64_t, int64_t>>, Hash> seen_;  // peak, held
  std::priority_queue<Open> open_;
  size_t looks_ = 0;
};

}  // namespace

FoundOrder search_order(const Graph& graph, const Demand& demand, std::span<const uint32_t> part,
                        const std::vector<std::vector<uint32_t>>& after, int64_t least, int64_t most) {
  if (least >= most) return {most, std::nullopt};
  return Search(graph, demand, part, after).run(least, most);
}

int64_t lower_bound(const Graph& graph, const Demand& demand, int64_t most) {
  const std::vector<int64_t> least = demand.least_at();
  int64_t bound = least.empty() ? 0 : *std::max_element(least.begin(), least.end());
  const std::vector<std::vector<uint32_t>> nothing(graph.size());
  std::vector<std::vector<uint32_t>> parts(demand.parts());
  for (uint32_t i : demand.kernels()) parts[demand.part()[i]].push_back(i);
  for (const std::vector<uint32_t>& part : parts)
    if (bound < most) bound = search_order(graph, demand, part, nothing, bound, most).bound;
  return bound;
}

}  // namespace gradus
