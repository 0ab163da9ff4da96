#include "codegen/lower/sequence.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/error.h"
#include "ir/structure.h"

namespace gradus::lowering {

using loop::BufferRole;
using loop::Expression;

Sequence::Sequence(std::string name, const Graph& graph, ProgramFunctions& functions)
    : graph_(graph), functions_(functions), f_(std::move(name)) {
  places_.inputs.resize(graph.inputs().size());
  workspace_end_ = graph.header().integer_or("workspace", 0);
  if (workspace_end_ > 0) workspace_end_ = Placement::aligned(workspace_end_);
}

Sequence::Location Sequence::parameter(std::string name, BufferRole role, const Type& type) {
  const Shape shape = type.layout.is_default() ? type.shape : Shape{stored_count(type)};
  return {f_.parameter(std::move(name), role, type.element, shape), {}, nullptr};
}

void Sequence::bind_input(size_t input, Location location) {
  locations_[graph_.inputs()[input].value] = location;
  places_.inputs[input] = std::move(location);
}

void Sequence::bind_result(Location location) { places_.results.push_back(std::move(location)); }

void Sequence::bind_status(Location location) {
  status_ = std::move(location);
  f_.store(status_->buffer, Index(0), integer(-1));
  f_.store(status_->buffer, Index(1), integer(-1));
}

void Sequence::run() {
  emit_nodes(graph_, locations_, places_);
  if (graph_.status() && status_) {
    const Location from = locate(graph_, graph_.status(), locations_);
    if (!from.same_place(*status_)) {
      copy(from, *status_, 2);
      check_status();
    }
  }
  const auto leave = [&](Value value, const Location& to) {
    const Location from = locate(graph_, value, locations_);
    if (!from.same_place(to)) copy(from, to, element_count(graph_.type(value).shape));
  };
  for (size_t r = 0; r < graph_.results().size(); ++r) leave(graph_.results()[r].value, places_.results[r]);
  for (const Update& update : graph_.updates()) leave(update.value, places_.inputs[update.input]);
}

loop::Function Sequence::finish() && {
  loop::Function function = std::move(f_).finish();
  for (const auto& [buffer, offset] : scratch_buffers_)
    function.buffers[static_cast<size_t>(buffer)].offset = workspace_end_ + offset;
  function.workspace_bytes = workspace_end_ + scratch_bytes_;
  return function;
}

void Sequence::check_status() {
  loop::If check;
  check.condition =
      loop::make(loop::ScalarOp::greater_equal, {f_.load(status_->buffer, Index(0)), integer(0)});
  check.then_block.push_back({loop::Return{}});
  f_.add({std::move(check)});
}

void Sequence::emit_nodes(const Graph& graph, Locations& locations, const Places& places) {
  const std::vector<bool> live = live_nodes(graph);
  for (uint32_t i = 0; i < graph.size(); ++i) {
    if (!live[i]) continue;
    const Node& node = graph.node(i);
    if (is_input(node) || is_table(node)) continue;
    if (is_scan(node))
      emit_scan(graph, i, locations, places);
    else if (is_call(node))
      emit_block(graph, i, locations, places);
    else
      emit_kernel(graph, i, locations, places);
    if (&graph == &graph_ && graph.status() && graph.status().node == i && status_) check_status();
  }
}

Sequence::Location Sequence::locate(const Graph& graph, Value value, Locations& locations) {
  if (auto it = locations.find(value); it != locations.end()) return it->second;
  const Node& node = graph.node(value);
  if (!is_table(node)) fail_internal(fmt::format("lowering: %{} has no place", node.id));
  return locations[value] = place_constant(node);
}

std::vector<Sequence::Location> Sequence::locate(const Graph& graph, const std::vector<Value>& values,
                                                 Locations& locations) {
  std::vector<Location> found;
  for (const Value value : values) found.push_back(locate(graph, value, locations));
  return found;
}

Sequence::Location Sequence::location_of(const Placement& place, const Type& type, const Places& places) {
  switch (place.kind) {
    case Placement::Kind::workspace:
      return workspace_at(places.workspace + place.at, type.element, stored_count(type));
    case Placement::Kind::result:
      return places.results.at(static_cast<size_t>(place.at));
    case Placement::Kind::input:
      break;
  }
  return places.inputs.at(static_cast<size_t>(place.at));
}

std::vector<Sequence::Location> Sequence::result_locations(const Graph& graph, uint32_t index,
                                                           const Places& places) {
  const Node& node = graph.node(index);
  const std::vector<Placement> planned = placements(node);
  std::vector<Location> locations;
  for (uint32_t r = 0; r < node.types.size(); ++r) {
    const Type& type = node.types[r];
    if (&graph == &graph_ && graph.status() == Value{index, r} && status_)
      locations.push_back(*status_);
    else if (r >= planned.size())
      locations.push_back(workspace_at(allocate(size_in_bytes(type)), type.element, stored_count(type)));
    else
      locations.push_back(location_of(planned[r], type, places));
  }
  return locations;
}

void Sequence::emit_kernel(const Graph& graph, uint32_t index, Locations& locations, const Places& places) {
  const Node& node = graph.node(index);
  const std::vector<Location> results = result_locations(graph, index, places);
  const std::vector<Location> operands = locate(graph, node.operands, locations);
  std::vector<int64_t> alias(results.size(), -1);
  for (size_t r = 0; r < results.size(); ++r)
    for (size_t i = 0; i < operands.size(); ++i)
      if (results[r].same_place(operands[i])) alias[r] = static_cast<int64_t>(i);
  const KnownKernel& kernel = functions_.kernel(graph, index, alias);

  loop::Call call;
  call.function = kernel.lowered.name;
  for (const Location& operand : operands) call.buffers.push_back(view(operand));
  for (size_t r = 0; r < results.size(); ++r)
    if (alias[r] < 0) call.buffers.push_back(view(results[r]));
  for (Value table : kernel.lowered.tables)
    call.buffers.push_back(view(place_constant(kernel.body->node(table))));
  for (const Location& piece : kernel_scratch(node, kernel, places)) call.buffers.push_back(view(piece));
  f_.add({std::move(call)});
  for (uint32_t r = 0; r < results.size(); ++r) locations[{index, r}] = results[r];
}

std::vector<int64_t> Sequence::planned_scratch(const Node& kernel, const Places& places) const {
  std::vector<int64_t> offsets;
  for (const Placement& place : placements(kernel, "scratch")) offsets.push_back(places.workspace + place.at);
  return offsets;
}

// Kernels work one after another, so what is not planned of one lies where that of the others does.
std::vector<Sequence::Location> Sequence::kernel_scratch(const Node& node, const KnownKernel& kernel,
                                                         const Places& places) {
  const std::vector<int64_t> planned = planned_scratch(node, places);
  const std::vector<KernelScratch>& needs = kernel.lowered.scratch;
  std::vector<Location> pieces;
  int64_t used = 0;
  for (size_t k = 0; k < needs.size(); ++k) {
    if (k < planned.size()) {
      pieces.push_back(workspace_at(planned[k], needs[k].element, needs[k].count));
      continue;
    }
    pieces.push_back(unplanned_scratch(used, needs[k]));
    used += Placement::aligned(needs[k].bytes());
  }
  scratch_bytes_ = std::max(scratch_bytes_, used);
  return pieces;
}

void Sequence::emit_block(const Graph& graph, uint32_t index, Locations& locations, const Places& places) {
  const Node& node = graph.node(index);
  const Block& block = functions_.block(graph, index);
  const std::vector<Location> results = result_locations(graph, index, places);
  loop::Call call;
  call.function = block.name;
  for (const Location& operand : locate(graph, node.operands, locations))
    call.buffers.push_back(view(operand));
  for (const Location& result : results) call.buffers.push_back(view(result));
  if (block.workspace_bytes > 0) call.workspace = workspace_of_block(node, block, places);
  f_.add({std::move(call)});
  for (uint32_t r = 0; r < results.size(); ++r) locations[{index, r}] = results[r];
}

// As planned; a block that needs more than that works behind all that is.
int64_t Sequence::workspace_of_block(const Node& call, const Block& block, const Places& places) {
  const std::vector<Placement> planned = placements(call, "scratch");
  const bool fits =
      Placement::aligned(call.body->header().integer_or("workspace", 0)) >= block.workspace_bytes;
  return planned.size() == 1 && fits ? places.workspace + planned[0].at : allocate(block.workspace_bytes);
}

Sequence::Location Sequence::workspace_at(int64_t offset, ElementType element, int64_t count) {
  const auto [it, fresh] = pieces_.emplace(std::make_tuple(offset, element, count), -1);
  if (fresh)
    it->second = f_.buffer({fmt::format("w{}", offset), BufferRole::workspace, element, {count}, {}, offset});
  return {it->second, {}, nullptr};
}

// Its offset is known when all that is planned is.
Sequence::Location Sequence::unplanned_scratch(int64_t offset, const KernelScratch& scratch) {
  const auto [it, fresh] =
      scratch_pieces_.emplace(std::make_tuple(offset, scratch.element, scratch.count), -1);
  if (fresh) {
    it->second = f_.buffer({"scratch", BufferRole::workspace, scratch.element, {scratch.count}, {}, offset});
    scratch_buffers_.emplace_back(it->second, offset);
  }
  return {it->second, {}, nullptr};
}

int64_t Sequence::allocate(int64_t bytes) {
  const int64_t offset = workspace_end_;
  workspace_end_ += Placement::aligned(bytes);
  return offset;
}

loop::View Sequence::view(const Location& location) const {
  const loop::Buffer& buffer = f_.buffers()[static_cast<size_t>(location.buffer)];
  loop::View result{location.buffer, location.lead};
  result.indices.resize(buffer.shape.size(), integer(0));
  if (location.offset) result.indices[0] = location.offset;
  return result;
}

// Element `index` along the leading axis; each has `count` elements.
Sequence::Location Sequence::slice(const Location& whole, const Expression& index, int64_t count) const {
  Location part = whole;
  const BufferRole role = f_.buffers()[static_cast<size_t>(whole.buffer)].role;
  if (role != BufferRole::workspace && role != BufferRole::constant) {  // those two are flat
    part.lead.push_back(index);
    return part;
  }
  const Expression offset = index * integer(count);
  part.offset = whole.offset ? whole.offset + offset : offset;
  return part;
}

void Sequence::copy(const Location& from, const Location& to, int64_t count) {
  if (count == 0) return;
  const loop::View source = view(from), target = view(to);
  if (count == 1)
    f_.store(target.buffer, target.indices, f_.load(source.buffer, source.indices));
  else
    f_.add({loop::Call{functions_.copy(f_.element(from.buffer), count), {source, target}, {}}});
}

// Listed values are data of the program. Equal lists share one buffer.
Sequence::Location Sequence::place_constant(const Node& node) {
  const Type& type = node.types[0];
  std::shared_ptr<const AttributeValue> list = node.attributes.shared("values");
  if (const auto* integers = std::get_if<std::vector<int64_t>>(list.get());
      integers && is_float(type.element))
    list = std::make_shared<const AttributeValue>(std::vector<double>(integers->begin(), integers->end()));
  for (const int64_t known : constants_) {
    const loop::Buffer& other = f_.buffers()[static_cast<size_t>(known)];
    if (other.element == type.element && (other.values == list || equal_bits(*other.values, *list)))
      return {known, {}, nullptr};
  }
  loop::Buffer buffer;
  buffer.name = fmt::format("constant{}", constants_.size());
  buffer.role = BufferRole::constant;
  buffer.element = type.element;
  buffer.shape = {element_count(type.shape)};
  buffer.values = std::move(list);
  constants_.push_back(f_.buffer(std::move(buffer)));
  return {constants_.back(), {}, nullptr};
}

}  // namespace gradus::lowering
