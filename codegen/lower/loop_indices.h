// Indices within a loop function: axes are bound to loops, and an index becomes an expression over their
// variables.
#pragma once

#include <map>
#include <vector>

#include "ir/index.h"
#include "ir/loop/expression.h"

namespace gradus::lowering {

// One variable may walk a group of axes: the axis with stride s and extent e then stands for
// (variable / s) mod e.
class LoopIndices : public IndexSpace {
 public:
  // A value computed elsewhere, at loop depth `level`.
  Index computed(loop::Expression expression, Range range, int level);

  // From now on the axes (outermost first) are walked together by `expression`, at loop depth `level`.
  void bind(const std::vector<int>& symbols, loop::Expression expression, int level);
  // The depth of the innermost loop that the index depends on (0: none).
  int level(const Index& a) const;

  loop::Expression expression(const Index& a);

 private:
  struct Group {
    std::vector<int> symbols;
    loop::Expression value;
    int level = 0;
  };
  struct Walked {
    size_t group = 0;
    int64_t stride = 1;  // within its group
  };
  struct Computed {
    loop::Expression value;
    int level = 0;
  };

  std::vector<Group> groups_;
  std::map<int, Walked> walked_;  // by axis
  std::map<int, Computed> computed_;
};

}  // namespace gradus::lowering
