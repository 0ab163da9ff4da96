#include "codegen/lower/loop_indices.h"

#include <algorithm>

#include "ir/error.h"

namespace gradus::lowering {

using loop::ScalarOp;

Index LoopIndices::computed(loop::Expression expression, Range range, int level) {
  const Index index = opaque(range);
  computed_[index.terms[0].first] = {std::move(expression), level};
  return index;
}

void LoopIndices::bind(const std::vector<int>& symbols, loop::Expression expression, int level) {
  int64_t stride = 1;
  for (size_t i = symbols.size(); i-- > 0;) {
    walked_[symbols[i]] = {groups_.size(), stride};
    stride *= extent(symbols[i]);
  }
  groups_.push_back({symbols, std::move(expression), level});
}

int LoopIndices::level(const Index& a) const {
  int level = 0;
  for (const auto& [id, c] : a.terms) {
    switch (symbol(id).kind) {
      case Kind::quotient:
      case Kind::remainder:
        level = std::max(level, this->level(symbol(id).operand));
        break;
      case Kind::axis:
        if (const auto it = walked_.find(id); it != walked_.end())
          level = std::max(level, groups_[it->second.group].level);
        break;
      case Kind::opaque:
        level = std::max(level, computed_.at(id).level);
        break;
    }
  }
  return level;
}

loop::Expression LoopIndices::expression(const Index& a) {
  const auto number = [](int64_t value) { return loop::constant_integer(ElementType::i64, value); };
  const auto divided = [&](ScalarOp op, const loop::Expression& value, int64_t by) {
    return loop::make(op, {value, number(by)});
  };
  loop::Expression result;
  const auto plus = [&](const loop::Expression& value, int64_t factor) {
    const loop::Expression term = value * number(factor);
    result = result ? result + term : term;
  };
  for (const auto& [id, c] : a.terms) {
    const Symbol s = symbol(id);
    switch (s.kind) {
      case Kind::opaque:
        plus(computed_.at(id).value, c);
        break;
      case Kind::quotient:
        plus(divided(ScalarOp::divide, expression(s.operand), s.extent), c);
        break;
      case Kind::remainder:
        plus(divided(ScalarOp::remainder, expression(s.operand), s.extent), c);
        break;
      case Kind::axis: {
        const auto it = walked_.find(id);
        if (it == walked_.end()) fail_internal("lowering: an axis is used outside its loop");
        const auto [at, stride] = it->second;
        const Group& group = groups_[at];
        // Where all of a group appear together, in step, the variable is what they make.
        const int last = group.symbols.back();
        const bool in_step = std::all_of(group.symbols.begin(), group.symbols.end(), [&](int other) {
          return a.coefficient(other) == a.coefficient(last) * walked_.at(other).stride;
        });
        if (in_step) {
          if (id == last) plus(group.value, c);
          break;
        }
        loop::Expression alone = stride == 1 ? group.value : divided(ScalarOp::divide, group.value, stride);
        if (id != group.symbols.front()) alone = divided(ScalarOp::remainder, alone, s.extent);
        plus(alone, c);
        break;
      }
    }
  }
  return result ? result + number(a.constant) : number(a.constant);
}

}  // namespace gradus::lowering
