#include "ir/text/suggest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <tuple>

namespace gradus {

namespace {

// Damerau–Levenshtein distance with adjacent transpositions.
size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> two_back, previous(b.size() + 1), row(b.size() + 1);
  std::iota(previous.begin(), previous.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({previous[j] + 1, row[j - 1] + 1, change});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_back[j - 2] + 1);
    }
    two_back = previous;
    std::swap(previous, row);
  }
  return previous[b.size()];
}

std::string in_lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

}  // namespace

std::string nearest(std::string_view name, const std::vector<std::string_view>& known) {
  constexpr size_t longest = 64;  // longer names are not typing errors
  if (name.size() > longest) return {};
  // More than a third of the letters changed is another word; of one or two letters, any is.
  const size_t most = name.size() / 3;
  const std::string lower = in_lower_case(name);
  // Letter case is another habit rather than an error: `Relu` is relu, not elu.
  std::tuple<size_t, size_t> best(most + 1, 0);
  std::string_view found;
  for (std::string_view candidate : known) {
    if (candidate.size() > longest) continue;
    const std::tuple<size_t, size_t> d(distance(lower, in_lower_case(candidate)), distance(name, candidate));
    if (d < best) {
      best = d;
      found = candidate;
    }
  }
  return std::string(found);
}

std::string did_you_mean(std::string_view name, const std::vector<std::string_view>& known) {
  const std::string found = nearest(name, known);
  return found.empty() ? std::string() : fmt::format("did you mean '{}'?", found);
}

}  // namespace gradus
