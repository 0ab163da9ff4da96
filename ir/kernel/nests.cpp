#include "ir/kernel/nests.h"

namespace gradus {

namespace {

template <class... F>
struct Overloaded : F... {
  using F::operator()...;
};

}  // namespace

std::optional<ContractionNest> contraction_nest(const KernelStages& stages, size_t stage,
                                                const std::vector<Axis>& axes, IndexSpace& space) {
  const Graph& body = stages.body();
  const Node& node = body.node(stages.all()[stage].node);
  const auto is_placed = [&](Value value) { return stages.is_placed(value, stage); };
  if (node.op->id == OpId::conv) {
    if (auto nest = convolution_nest(body, node, is_placed)) return *std::move(nest);
    if (auto nest = filter_nest(body, node, is_placed)) return *std::move(nest);
    return std::nullopt;
  }
  const ElementType element = node.types[0].element;
  if (element != ElementType::f32 && element != ElementType::f64) return std::nullopt;
  auto nest = dot_nest(body, node, axes, stages.epilogue(stage), space, is_placed);
  if (!nest) return std::nullopt;
  return *std::move(nest);
}

std::optional<ContractionNest> contraction_nest(const KernelStages& stages, size_t stage) {
  IndexSpace space;
  const Node& node = stages.body().node(stages.all()[stage].node);
  return contraction_nest(stages, stage, make_axes(space, node.types[0].shape), space);
}

Panels::Panels(int64_t columns, int64_t width_of_each)
    : width(width_of_each), count(divide_up(columns, width)), last(columns - (count - 1) * width) {}

RowTiles::RowTiles(int64_t rows, int64_t most)
    : height(divide_up(rows, divide_up(rows, most))),
      count(divide_up(rows, most)),
      high(rows - (height - 1) * count) {}

Shape tiled_extents(const ContractionNest& nest) {
  return std::visit(
      Overloaded{[](const DotNest& dot) -> Shape { return {dot.rows.extent, dot.columns.extent}; },
                 [](const ConvolutionNest& conv) -> Shape { return {conv.widest(), conv.outputs}; },
                 [](const FilterNest& filter) -> Shape {
                   return {filter.window[0], filter.window[1], filter.channels, filter.outputs};
                 }},
      nest);
}

int64_t panel_width(const ContractionNest& nest) {
  return std::visit(Overloaded{[](const DotNest& dot) { return dot.b.panel_width; },
                               [](const ConvolutionNest& conv) { return conv.panel_width; },
                               [](const FilterNest&) { return int64_t{0}; }},
                    nest);
}

int64_t multiply_adds(const Graph& body, const Node& contraction) {
  if (contraction.op->id != OpId::conv)
    return element_count(contraction.types[0].shape) * element_count(dot_terms(body, contraction));
  const ops::Convolution conv = ops::convolution_of(body, contraction);
  return element_count(conv.output_shape()) * element_count(conv.filter) * conv.group_inputs();
}

bool is_dense(const ContractionNest& nest, int64_t columns) {
  return std::visit(Overloaded{[&](const DotNest& dot) {
                                 return dot.rows_are_dense && Panels(dot.columns.extent, columns).count == 1;
                               },
                               [&](const ConvolutionNest& conv) {
                                 return conv.rows_are_dense() && Panels(conv.outputs, columns).count == 1;
                               },
                               [](const FilterNest&) { return false; }},
                    nest);
}

}  // namespace gradus
