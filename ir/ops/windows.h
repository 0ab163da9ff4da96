// The windows of reduce_window, select_and_scatter and select_and_gather.
#pragma once

#include <cmath>
#include <vector>

#include "ir/evaluate/rule.h"
#include "ir/op.h"

namespace gradus::ops {

enum class WindowKind { sum, max, min };

// One entry per axis of the input.
struct Windows {
  WindowKind kind = WindowKind::sum;
  Shape input, output;
  std::vector<int64_t> window, stride, low, high;
};

std::vector<AttributeSpec> window_attributes();
Windows windows_of(const OpUse& use);  // throws ShapeError; operand 0 is the input
Windows windows_of(const Node& node, const Shape& input);

// f(flat index of the window, flat indices of its elements inside the input, ascending).
template <class F>
void for_each_window(const Windows& w, F f) {
  const std::vector<int64_t> strides = row_major_strides(w.input);
  std::vector<size_t> members;
  evaluate::for_each_index(w.output, [&](const std::vector<int64_t>& q, size_t at) {
    members.clear();
    evaluate::for_each_index(w.window, [&](const std::vector<int64_t>& k, size_t) {
      int64_t flat = 0;
      for (size_t axis = 0; axis < k.size(); ++axis) {
        const int64_t p = q[axis] * w.stride[axis] - w.low[axis] + k[axis];
        if (p < 0 || p >= w.input[axis]) return;
        flat += p * strides[axis];
      }
      members.push_back(static_cast<size_t>(flat));
    });
    f(at, members);
  });
}

// Which of the members is the extreme: the first on ties; a NaN wins, as in `maximum`.
template <class Elements>
size_t extreme_of(WindowKind kind, const Elements& x, const std::vector<size_t>& members) {
  using evaluate::primal;
  size_t best = 0;
  for (size_t i = 1; i < members.size(); ++i) {
    const auto candidate = primal(x[members[i]]);
    const auto champion = primal(x[members[best]]);
    const bool better = kind == WindowKind::max ? candidate > champion : candidate < champion;
    if (better || (std::isnan(candidate) && !std::isnan(champion))) best = i;
  }
  for (const size_t member : members) evaluate::decide(x[members[best]], x[member]);
  return best;
}

template <>
inline size_t extreme_of(WindowKind kind, const std::vector<int64_t>& x, const std::vector<size_t>& members) {
  size_t best = 0;
  for (size_t i = 1; i < members.size(); ++i)
    if (kind == WindowKind::max ? x[members[i]] > x[members[best]] : x[members[i]] < x[members[best]])
      best = i;
  return best;
}

template <class Elements>
auto extreme_value(WindowKind kind, const Elements& x, const std::vector<size_t>& members) {
  if constexpr (std::is_same_v<Elements, std::vector<evaluate::Bounded>>) {
    // Continuous: close elements add their error, nothing is ambiguous.
    evaluate::Bounded value = x[members[0]];
    for (const size_t member : members)
      value =
          kind == WindowKind::max ? evaluate::maximum(value, x[member]) : evaluate::minimum(value, x[member]);
    return value;
  } else {
    return x[members[extreme_of(kind, x, members)]];
  }
}

}  // namespace gradus::ops
