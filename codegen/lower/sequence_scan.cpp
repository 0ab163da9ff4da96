// A scan: a loop around the calls of its body.
#include <algorithm>

#include "codegen/lower/sequence.h"
#include "ir/structure.h"

namespace gradus::lowering {

using loop::Expression;

// Bytes of the workspace, one per piece of the scan's scratch.
std::vector<int64_t> Sequence::scan_scratch(const Node& scan, const Places& places) {
  const std::vector<Placement> planned = placements(scan, "scratch");
  const std::vector<int64_t> sizes = ops::scratch_bytes(scan, *scan.body);
  std::vector<int64_t> offsets;
  for (size_t k = 0; k < sizes.size(); ++k)
    offsets.push_back(k < planned.size() ? places.workspace + planned[k].at : allocate(sizes[k]));
  return offsets;
}

// A step reads a carry where the step before left it, so none is moved: the history that the scan keeps of
// it, or two places in turn, from `turns` on.
Sequence::CarryPlaces Sequence::place_carry(const ops::ScanLayout& layout, size_t carry, const Type& type,
                                            const std::vector<Location>& results, int64_t turns) {
  CarryPlaces places;
  places.result = results[carry];
  places.count = element_count(type.shape);
  for (size_t h = 0; h < layout.histories.size(); ++h)
    if (layout.histories[h] == static_cast<int64_t>(carry))
      places.histories.push_back(results[layout.result_of_history(h)]);
  if (!places.histories.empty()) return places;
  places.stride = Placement::aligned(size_in_bytes(type)) / size_in_bytes(type.element);
  places.turns = workspace_at(turns, type.element, 2 * places.stride);
  return places;
}

// Where the step at index `at` finds the carry.
Sequence::Location Sequence::carried(const CarryPlaces& carry, const Expression& turn,
                                     const Expression& at) const {
  return carry.turns ? slice(*carry.turns, turn, carry.stride) : slice(carry.histories[0], at, carry.count);
}

void Sequence::emit_scan(const Graph& graph, uint32_t index, Locations& locations, const Places& places) {
  const Node& node = graph.node(index);
  const Graph& body = *node.body;
  const ops::ScanLayout layout(node);
  const std::vector<Location> results = result_locations(graph, index, places);
  const auto count = [&](Value value) { return element_count(body.type(value).shape); };

  const std::vector<Location> operands = locate(graph, node.operands, locations);
  Locations inside;
  const std::vector<int64_t> scratch = scan_scratch(node, places);
  const Location position = workspace_at(scratch[0], ElementType::i64, 1);
  std::vector<CarryPlaces> carries;
  size_t used = 2;
  for (size_t c = 0; c < layout.carries; ++c) {
    const int64_t turns = layout.has_history(c) ? 0 : scratch[used++];
    carries.push_back(place_carry(layout, c, body.type(body.results()[c].value), results, turns));
    const CarryPlaces& carry = carries.back();
    const Location first = carry.turns ? slice(*carry.turns, integer(0), carry.stride) : carry.result;
    if (!operands[c].same_place(first)) copy(operands[c], first, carry.count);
  }
  Places body_places;
  body_places.workspace = scratch[1];

  const Expression step = f_.open("t", 0, layout.length);
  const Expression at = layout.reverse ? integer(layout.length - 1) - step : step;
  const Expression turn = loop::make(loop::ScalarOp::remainder, {step, integer(2)});
  f_.store(position.buffer, Index(0), at);
  inside[body.inputs()[0].value] = position;
  std::vector<Location> next;
  for (const CarryPlaces& carry : carries) {
    for (const Location& history : carry.histories)
      copy(carry.result, slice(history, at, carry.count), carry.count);
    inside[body.inputs()[layout.body_input_of(next.size())].value] = carried(carry, turn, at);
    next.push_back(carry.turns ? slice(*carry.turns, integer(1) - turn, carry.stride) : carry.result);
  }
  for (size_t i = layout.body_input_of(layout.carries); i < body.inputs().size(); ++i) {
    const Value input = body.inputs()[i].value;
    const size_t operand = layout.operand_of_input(i);
    inside[input] =
        layout.is_sequence(operand) ? slice(operands[operand], at, count(input)) : operands[operand];
  }
  for (const Input& input : body.inputs()) body_places.inputs.push_back(inside[input.value]);
  for (size_t r = 0; r < body.results().size(); ++r)
    body_places.results.push_back(layout.is_carry(r)
                                      ? next[r]
                                      : slice(results[layout.result_of_output(r - layout.carries)], at,
                                              count(body.results()[r].value)));
  emit_nodes(body, inside, body_places);
  for (size_t r = 0; r < body.results().size(); ++r) {
    const Value value = body.results()[r].value;
    const Location from = locate(body, value, inside);
    if (!from.same_place(body_places.results[r])) copy(from, body_places.results[r], count(value));
  }
  f_.close();
  for (const CarryPlaces& carry : carries)
    if (carry.turns)
      copy(slice(*carry.turns, integer(layout.length % 2), carry.stride), carry.result, carry.count);
  for (uint32_t r = 0; r < results.size(); ++r) locations[{index, r}] = results[r];
}

}  // namespace gradus::lowering
