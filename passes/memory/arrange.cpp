#include "passes/memory/arrange.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <optional>
#include <queue>

namespace gradus {

namespace {

// Best fit among the free gaps of one growing region.
class Workspace {
 public:
  int64_t allocate(int64_t size) {
    auto best = gaps_.end();
    for (auto it = gaps_.begin(); it != gaps_.end(); ++it)
      if (it->second >= size && (best == gaps_.end() || it->second < best->second)) best = it;
    if (best == gaps_.end()) {
      // Grow, from the last gap if it touches the end.
      int64_t offset = end_;
      if (!gaps_.empty() && gaps_.rbegin()->first + gaps_.rbegin()->second == end_) {
        offset = gaps_.rbegin()->first;
        gaps_.erase(std::prev(gaps_.end()));
      }
      end_ = offset + size;
      return offset;
    }
    const int64_t offset = best->first;
    const int64_t left = best->second - size;
    gaps_.erase(best);
    if (left > 0) gaps_[offset + size] = left;
    return offset;
  }

  void release(int64_t offset, int64_t size) {
    auto [it, fresh] = gaps_.emplace(offset, size);
    if (auto next = std::next(it); next != gaps_.end() && it->first + it->second == next->first) {
      it->second += next->second;
      gaps_.erase(next);
    }
    if (it == gaps_.begin()) return;
    auto before = std::prev(it);
    if (before->first + before->second != it->first) return;
    before->second += it->second;
    gaps_.erase(it);
  }

  int64_t size() const { return end_; }

 private:
  std::map<int64_t, int64_t> gaps_;  // offset → size
  int64_t end_ = 0;
};

// As an allocator would that knows nothing of what comes.
Arrangement arrange_in_time(const std::vector<Piece>& pieces) {
  Workspace workspace;
  Arrangement result{std::vector<int64_t>(pieces.size()), 0};
  const auto later = [&](size_t a, size_t b) { return pieces[a].last > pieces[b].last; };
  std::priority_queue<size_t, std::vector<size_t>, decltype(later)> held(later);
  for (size_t p = 0; p < pieces.size(); ++p) {
    for (; !held.empty() && pieces[held.top()].last < pieces[p].first; held.pop())
      workspace.release(result.offsets[held.top()], pieces[held.top()].bytes);
    result.offsets[p] = workspace.allocate(pieces[p].bytes);
    held.push(p);
  }
  result.bytes = workspace.size();
  return result;
}

class Arranger {
 public:
  explicit Arranger(const std::vector<Piece>& pieces)
      : pieces_(pieces), least_(peak(pieces)), best_(arrange_in_time(pieces)) {}

  Arrangement run() && {
    if (best_.bytes == least_) return std::move(best_);
    const size_t count = pieces_.size();
    const std::vector<int64_t> crowd = crowds();
    const auto lifetime = [&](size_t p) { return int64_t{pieces_[p].last} - pieces_[p].first + 1; };
    const auto size = [&](size_t p) { return static_cast<double>(pieces_[p].bytes); };
    try_by([&](size_t p) { return size(p); });
    try_by([&](size_t p) { return size(p) * static_cast<double>(lifetime(p)); });
    try_by([&](size_t p) { return lifetime(p); });
    try_by([&](size_t p) { return std::pair{crowd[p], pieces_[p].bytes}; });
    try_by([&](size_t p) { return count - p; });
    return std::move(best_);
  }

 private:
  static constexpr size_t most_looks = 10'000'000;  // keeps it near-linear
  static constexpr int most_repairs = 32;

  // The largest first, each at the lowest offset that is free as long as it is held.
  template <class Key>
  void try_by(Key key) {
    std::vector<size_t> order(pieces_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return key(a) > key(b); });
    // What comes to lie highest goes first the next time.
    for (int round = 0; round <= most_repairs && best_.bytes > least_; ++round) {
      std::optional<Arrangement> found = first_fit(order);
      if (!found) return;
      const auto is_highest = [&](size_t p) { return found->offsets[p] + pieces_[p].bytes == found->bytes; };
      std::stable_partition(order.begin(), order.end(), is_highest);
      if (found->bytes < best_.bytes) best_ = *std::move(found);
    }
  }

  std::optional<Arrangement> first_fit(const std::vector<size_t>& order) {
    struct Placed {
      int64_t begin, end;
      uint32_t first, last;
    };
    std::vector<Placed> placed;  // by begin
    Arrangement result{std::vector<int64_t>(pieces_.size()), 0};
    for (const size_t p : order) {
      const Piece& piece = pieces_[p];
      int64_t offset = 0;
      for (const Placed& other : placed) {
        if (other.begin >= offset + piece.bytes) break;
        ++looks_;
        if (other.first <= piece.last && piece.first <= other.last) offset = std::max(offset, other.end);
      }
      if (looks_ > most_looks) return std::nullopt;
      const Placed own{offset, offset + piece.bytes, piece.first, piece.last};
      const auto above = std::upper_bound(placed.begin(), placed.end(), own,
                                          [](const Placed& a, const Placed& b) { return a.begin < b.begin; });
      looks_ += static_cast<size_t>(placed.end() - above) / 16;  // moving one is less than looking at it
      placed.insert(above, own);
      result.offsets[p] = offset;
      result.bytes = std::max(result.bytes, own.end);
    }
    return result;
  }

  // For each piece, the most bytes that are held at once while it is.
  std::vector<int64_t> crowds() const {
    std::vector<std::vector<int64_t>> most = {held_at(pieces_)};  // of 2^level steps from each one
    for (size_t level = 1; (size_t{1} << level) <= most[0].size(); ++level) {
      const std::vector<int64_t>& half = most.back();
      std::vector<int64_t> both(half.size() - (size_t{1} << (level - 1)));
      for (size_t s = 0; s < both.size(); ++s)
        both[s] = std::max(half[s], half[s + (size_t{1} << (level - 1))]);
      most.push_back(std::move(both));
    }
    std::vector<int64_t> crowds;
    for (const Piece& piece : pieces_) {
      const auto level = static_cast<size_t>(std::bit_width(piece.last - piece.first + size_t{1}) - 1);
      crowds.push_back(
          std::max(most[level][piece.first], most[level][piece.last + size_t{1} - (size_t{1} << level)]));
    }
    return crowds;
  }

  const std::vector<Piece>& pieces_;
  int64_t least_;
  Arrangement best_;
  size_t looks_ = 0;
};

}  // namespace

Arrangement arrange(const std::vector<Piece>& pieces) { return Arranger(pieces).run(); }

}  // namespace gradus
