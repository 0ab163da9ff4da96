#include "ir/row_form.h"

#include <algorithm>

#include "ir/op.h"
#include "ir/reads.h"
#include "ir/structure.h"

namespace gradus {

namespace {

// For each axis of a value that depends on a reduction, the outer axis that it walks with, or none.
constexpr int64_t none = -1;
using Walk = std::vector<int64_t>;

class RowAnalysis {
 public:
  explicit RowAnalysis(const Graph& body) : body_(body), live_(live_nodes(body)), walks_(body.size()) {}

  std::optional<RowForm> run() {
    if (!find_form()) return std::nullopt;
    for (uint32_t i = 0; i < body_.size(); ++i)
      if (live_[i] && !visit(i)) return std::nullopt;
    for (const NamedValue& result : body_.results())
      if (result.value.result != 0 || !stands_in_row(result.value)) return std::nullopt;
    return form_;
  }

 private:
  const Shape& shape(Value value) const { return body_.type(value).shape; }
  const std::optional<Walk>& walk(Value value) const { return walks_[value.node]; }

  bool find_form() {
    for (uint32_t i = 0; i < body_.size(); ++i) {
      const Node& node = body_.node(i);
      if (!live_[i] || !is_plain_reduction(*node.op)) continue;
      whole_ = shape(node.operands[0]);
      axes_ = node.attributes.integers("axes");
      const size_t outer = whole_.size() - std::min(axes_.size(), whole_.size());
      for (size_t k = 0; k < axes_.size(); ++k)
        if (axes_[k] != static_cast<int64_t>(outer + k)) return false;
      const auto border = whole_.begin() + static_cast<std::ptrdiff_t>(outer);
      form_ = {Shape(whole_.begin(), border), Shape(border, whole_.end())};
      return !axes_.empty() && element_count(form_.row) > 1 && element_count(form_.outer) > 0;
    }
    return false;
  }

  // Every outer axis stands at its own place.
  bool in_row(const Walk& walk) const {
    for (size_t j = 0; j < walk.size(); ++j)
      if (walk[j] != none && walk[j] != static_cast<int64_t>(j)) return false;
    for (size_t k = 0; k < form_.outer.size(); ++k)
      if (form_.outer[k] > 1 && (k >= walk.size() || walk[k] == none)) return false;
    return true;
  }

  bool stands_in_row(Value value) const {
    Shape trimmed = shape(value);
    if (trimmed != whole_) {
      while (trimmed.size() > form_.outer.size() && trimmed.back() == 1) trimmed.pop_back();
      if (trimmed != form_.outer) return false;
    }
    return !walk(value) || in_row(*walk(value));
  }

  bool visit(uint32_t i) {
    const Node& node = body_.node(i);
    const bool reduces = is_plain_reduction(*node.op);
    if (!reduces && !is_by_element(*node.op)) return false;
    if (reduces) {
      const Value operand = node.operands[0];
      if (shape(operand) != whole_ || node.attributes.integers("axes") != axes_) return false;
      if (walk(operand) && !in_row(*walk(operand))) return false;
      Walk made;
      for (size_t k = 0; k < form_.outer.size(); ++k) made.push_back(static_cast<int64_t>(k));
      walks_[i] = made;
      return true;
    }
    const bool depends =
        std::any_of(node.operands.begin(), node.operands.end(), [&](Value v) { return walk(v).has_value(); });
    if (!depends) return true;
    walks_[i] = node.op->traits.access == Access::elementwise ? agreed(node) : looked_up(node);
    return walks_[i].has_value();
  }

  // The operand of a view may depend on reductions, and so may what is read at indices that another operand
  // holds, if these do not; not what a box at a computed place is cut from. What is read by cases may not:
  // each element would compute every case.
  std::optional<Walk> looked_up(const Node& node) const {
    const NodeAccess access = node_access(body_, node);
    std::optional<Walk> to;
    for (size_t k = 0; k < node.operands.size(); ++k) {
      if (!walk(node.operands[k])) continue;
      const AccessMap& map = access.operands[k];
      const bool is_table = std::any_of(map.axes.begin(), map.axes.end(),
                                        [](const AxisAccess& axis) { return axis.computed && !axis.along; });
      if (is_read_by_cases(map) || (!node.op->view && !is_table)) return std::nullopt;
      to = through(map, node.operands[k], node.types[0].shape);
      if (!to) return std::nullopt;
    }
    return to;
  }

  std::optional<Walk> through(const AccessMap& map, Value operand, const Shape& outer) const {
    const Walk& from = *walk(operand);
    const Shape& inner = shape(operand);
    Walk to(outer.size(), none);
    if (map.same_position) {
      // Axes of extent 1 come and go; anything else mixes axes.
      size_t j = 0;
      for (size_t k = 0; k < outer.size(); ++k) {
        if (outer[k] == 1) continue;
        while (j < inner.size() && inner[j] == 1) ++j;
        if (j == inner.size() || inner[j] != outer[k]) return std::nullopt;
        to[k] = from[j++];
      }
      return to;
    }
    for (size_t j = 0; j < from.size(); ++j) {
      const AxisAccess& axis = map.axes[j];
      if (axis.along && !axis.computed && axis.start == 0 && axis.step == 1 && outer[*axis.along] == inner[j])
        to[*axis.along] = from[j];
      else if (from[j] != none)
        return std::nullopt;
    }
    return to;
  }

  // Operands of one shape that walk together.
  std::optional<Walk> agreed(const Node& node) const {
    Walk result(node.types[0].shape.size(), none);
    for (Value operand : node.operands) {
      if (!walk(operand)) continue;
      const Walk& from = *walk(operand);
      if (from.size() != result.size()) return std::nullopt;
      for (size_t j = 0; j < from.size(); ++j) {
        if (from[j] == none || from[j] == result[j]) continue;
        if (result[j] != none) return std::nullopt;
        result[j] = from[j];
      }
    }
    Walk seen = result;
    std::sort(seen.begin(), seen.end());
    for (size_t j = 1; j < seen.size(); ++j)
      if (seen[j] != none && seen[j] == seen[j - 1]) return std::nullopt;
    return result;
  }

  const Graph& body_;
  std::vector<bool> live_;
  std::vector<std::optional<Walk>> walks_;
  Shape whole_;
  std::vector<int64_t> axes_;
  RowForm form_;
};

}  // namespace

bool is_plain_reduction(const Op& op) { return op.traits.access == Access::reduction; }

std::optional<RowForm> row_form(const Graph& body) { return RowAnalysis(body).run(); }

}  // namespace gradus
