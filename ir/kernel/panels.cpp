#include "ir/kernel/panels.h"

namespace gradus {

std::optional<PanelStrides> panel_strides(const Type& type) {
  const Layout& layout = type.layout;
  if (layout.tiling.empty() || !layout.padding.empty()) return std::nullopt;
  PanelStrides panels;
  size_t tiled = 0;
  for (size_t axis = 0; axis < layout.tiling.size(); ++axis) {
    if (layout.tiling[axis] == 1) continue;
    ++tiled;
    panels.axis = axis;
    panels.width = layout.tiling[axis];
  }
  if (tiled != 1) return std::nullopt;
  panels.strides.assign(type.shape.size(), 0);
  int64_t stride = panels.width;
  for (size_t k = type.shape.size(); k-- > 0;) {
    const size_t axis = layout.order.empty() ? k : static_cast<size_t>(layout.order[k]);
    panels.strides[axis] = stride;
    const int64_t extent = type.shape[axis];
    stride *= axis == panels.axis ? (extent + panels.width - 1) / panels.width : extent;
  }
  panels.step = panels.strides[panels.axis];
  panels.strides[panels.axis] = 1;
  return panels;
}

Layout panel_layout(std::vector<int64_t> order, size_t axis, int64_t width) {
  Layout layout;
  layout.tiling.assign(order.size(), 1);
  layout.tiling[axis] = width;
  layout.order = std::move(order);
  return layout;
}

}  // namespace gradus
