#include "codegen/lower/assemble.h"

#include <fmt/format.h>

#include <algorithm>

#include "codegen/lower/lower.h"
#include "ir/builder.h"
#include "ir/copies.h"
#include "ir/error.h"
#include "ir/kernel/legal.h"
#include "ir/kernel/name.h"
#include "ir/kernel/single.h"
#include "ir/placement.h"
#include "ir/structure.h"

namespace gradus {

loop::Program lower(const Graph& kernels, const Target& target) {
  if (needs_copies(kernels)) return lower(with_copies(kernels), target);
  return lowering::Assembler(kernels, target).run();
}

}  // namespace gradus

namespace gradus::lowering {

using loop::ArgumentKind;
using loop::BufferRole;
using loop::Expression;
using loop::LoopKind;

namespace {

ArgumentKind argument_kind(InputKind kind) {
  switch (kind) {
    case InputKind::data:
    case InputKind::variable:
      return ArgumentKind::input;
    case InputKind::parameter:
      return ArgumentKind::parameter;
    case InputKind::state:
      return ArgumentKind::state;
    case InputKind::seed:
      return ArgumentKind::seed;
    case InputKind::step:
      return ArgumentKind::step;
  }
  return ArgumentKind::input;
}

}  // namespace

Assembler::Assembler(const Graph& graph, const Target& target)
    : graph_(graph), target_(target), main_("main") {
  program_.name = graph.name();
  program_.header = graph.header();
  workspace_end_ = graph.header().integer_or("workspace", 0);
  if (workspace_end_ > 0) workspace_end_ = Placement::aligned(workspace_end_);
}

loop::Program Assembler::run() && {
  bind_arguments();
  emit_nodes(graph_, locations_, places_);
  commit();
  for (loop::Function& f : std::move(functions_).take()) program_.functions.push_back(std::move(f));
  program_.main = std::move(main_).finish();
  for (const auto& [buffer, offset] : scratch_buffers_)
    program_.main.buffers[static_cast<size_t>(buffer)].offset = workspace_end_ + offset;
  program_.workspace_bytes = workspace_end_ + scratch_bytes_;
  return std::move(program_);
}

void Assembler::bind_arguments() {
  places_.inputs.resize(graph_.inputs().size());
  const std::vector<ArgumentKind> order = {ArgumentKind::input, ArgumentKind::parameter, ArgumentKind::state,
                                           ArgumentKind::seed, ArgumentKind::step};
  const auto argument = [&](const std::string& name, ArgumentKind kind, const Type& type, BufferRole role) {
    program_.arguments.push_back({name, kind, type});
    return Location{main_.parameter(name, role, type.element, type.shape), {}, nullptr};
  };
  for (ArgumentKind kind : order)
    for (size_t i = 0; i < graph_.inputs().size(); ++i) {
      const Input& input = graph_.inputs()[i];
      if (argument_kind(input.kind) != kind) continue;
      const bool updated = std::any_of(graph_.updates().begin(), graph_.updates().end(),
                                       [&](const Update& u) { return u.input == i; });
      places_.inputs[i] = argument(input.name, kind, graph_.type(input.value),
                                   updated ? BufferRole::update : BufferRole::read);
      locations_[input.value] = places_.inputs[i];
    }
  for (const NamedValue& result : graph_.results()) {
    const Type& type = graph_.type(result.value);
    places_.results.push_back(argument(result.name.empty() ? "result" : result.name, ArgumentKind::result,
                                       Type(type.element, type.shape), BufferRole::write));
  }
  status_ = argument("status", ArgumentKind::status, Type(ElementType::i64, {2}), BufferRole::write);
  main_.store(status_.buffer, Index(0), integer(-1));
  main_.store(status_.buffer, Index(1), integer(-1));
}

void Assembler::check_status() {
  loop::If check;
  check.condition =
      loop::make(loop::ScalarOp::greater_equal, {main_.load(status_.buffer, Index(0)), integer(0)});
  check.then_block.push_back({loop::Return{}});
  main_.add({std::move(check)});
}

void Assembler::commit() {
  if (graph_.status()) {
    const Location from = locate(graph_, graph_.status(), locations_);
    if (!from.same_place(status_)) {
      copy(from, status_, 2);
      check_status();
    }
  }
  for (size_t r = 0; r < graph_.results().size(); ++r) {
    const Value value = graph_.results()[r].value;
    const Location from = locate(graph_, value, locations_);
    if (!from.same_place(places_.results[r]))
      copy(from, places_.results[r], element_count(graph_.type(value).shape));
  }
  for (const Update& update : graph_.updates()) {
    const Location& to = places_.inputs[update.input];
    const Location from = locate(graph_, update.value, locations_);
    if (!from.same_place(to)) copy(from, to, element_count(graph_.type(update.value).shape));
  }
}

// Equal pieces share one buffer of main.
Assembler::Location Assembler::workspace_at(int64_t offset, ElementType element, int64_t count) {
  const auto [it, fresh] = pieces_.emplace(std::make_tuple(offset, element, count), -1);
  if (fresh)
    it->second =
        main_.buffer({fmt::format("w{}", offset), BufferRole::workspace, element, {count}, {}, offset});
  return {it->second, {}, nullptr};
}

Assembler::Location Assembler::unplanned_scratch(int64_t offset, const KernelScratch& scratch) {
  const auto [it, fresh] =
      scratch_pieces_.emplace(std::make_tuple(offset, scratch.element, scratch.count), -1);
  if (fresh) {
    it->second =
        main_.buffer({"scratch", BufferRole::workspace, scratch.element, {scratch.count}, {}, offset});
    scratch_buffers_.emplace_back(it->second, offset);
  }
  return {it->second, {}, nullptr};
}

Assembler::Location Assembler::allocate(const Type& type) {
  const Location location = workspace_at(workspace_end_, type.element, stored_count(type));
  workspace_end_ += Placement::aligned(size_in_bytes(type));
  return location;
}

loop::View Assembler::view(const Location& location) const {
  const loop::Buffer& buffer = main_.buffers()[static_cast<size_t>(location.buffer)];
  loop::View result{location.buffer, location.lead};
  result.indices.resize(buffer.shape.size(), integer(0));
  if (location.offset) result.indices[0] = location.offset;
  return result;
}

// Element `index` along the leading axis; each has `count` elements.
Assembler::Location Assembler::slice(const Location& whole, const Expression& index, int64_t count) {
  Location part = whole;
  const BufferRole role = main_.buffers()[static_cast<size_t>(whole.buffer)].role;
  if (role != BufferRole::workspace && role != BufferRole::constant) {  // those two are flat
    part.lead.push_back(index);
    return part;
  }
  const Expression offset = index * integer(count);
  part.offset = whole.offset ? whole.offset + offset : offset;
  return part;
}

void Assembler::copy(const Location& from, const Location& to, int64_t count) {
  if (count == 0) return;
  const loop::View source = view(from), target = view(to);
  if (count == 1) {
    main_.store(target.buffer, target.indices, main_.load(source.buffer, source.indices));
    return;
  }
  const ElementType element = main_.element(from.buffer);
  std::string name = fmt::format("copy_{}_{}", gradus::name(element), count);
  if (copies_.insert(name).second) {
    FunctionBuilder f(name);
    const int64_t x = f.parameter("x", BufferRole::read, element, count);
    const int64_t y = f.parameter("y", BufferRole::write, element, count);
    const Index i = f.open_axis("i", count, LoopKind::vectorized);
    f.store(y, i, f.load(x, i));
    f.close();
    program_.functions.push_back(std::move(f).finish());
  }
  main_.add({loop::Call{std::move(name), {source, target}, {}}});
}

// Listed values are data of the program. Equal lists share one buffer of main.
Assembler::Location Assembler::place_constant(const Node& node) {
  const Type& type = node.types[0];
  std::shared_ptr<const AttributeValue> list = node.attributes.shared("values");
  if (const auto* integers = std::get_if<std::vector<int64_t>>(list.get());
      integers && is_float(type.element))
    list = std::make_shared<const AttributeValue>(std::vector<double>(integers->begin(), integers->end()));
  for (const int64_t known : constants_) {
    const loop::Buffer& other = main_.buffers()[static_cast<size_t>(known)];
    if (other.element == type.element && (other.values == list || equal_bits(*other.values, *list)))
      return {known, {}, nullptr};
  }
  loop::Buffer buffer;
  buffer.name = fmt::format("constant{}", constants_.size());
  buffer.role = BufferRole::constant;
  buffer.element = type.element;
  buffer.shape = {element_count(type.shape)};
  buffer.values = std::move(list);
  constants_.push_back(main_.buffer(std::move(buffer)));
  return {constants_.back(), {}, nullptr};
}

Assembler::Location Assembler::locate(const Graph& graph, Value value, Locations& locations) {
  if (auto it = locations.find(value); it != locations.end()) return it->second;
  const Node& node = graph.node(value);
  if (!is_table(node)) fail_internal(fmt::format("lowering: %{} has no place", node.id));
  return locations[value] = place_constant(node);
}

void Assembler::emit_nodes(const Graph& graph, Locations& locations, const Places& places) {
  const std::vector<bool> live = live_nodes(graph);
  for (uint32_t i = 0; i < graph.size(); ++i) {
    if (!live[i]) continue;
    const Node& node = graph.node(i);
    if (is_input(node) || is_table(node)) continue;
    if (is_scan(node))
      emit_scan(graph, i, locations, places);
    else
      emit_kernel(graph, i, locations, places);
    if (&graph == &graph_ && graph_.status() && graph_.status().node == i) check_status();
  }
}

Assembler::Location Assembler::location_of(const Placement& place, const Type& type, const Places& places) {
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

std::vector<Assembler::Location> Assembler::result_locations(const Graph& graph, uint32_t index,
                                                             const Places& places) {
  const Node& node = graph.node(index);
  const std::vector<Placement> planned = placements(node);
  std::vector<Location> locations;
  for (uint32_t r = 0; r < node.types.size(); ++r) {
    const Type& type = node.types[r];
    if (&graph == &graph_ && graph_.status() == Value{index, r}) {
      locations.push_back(status_);
    } else if (r >= planned.size()) {
      locations.push_back(allocate(type));
    } else {
      locations.push_back(location_of(planned[r], type, places));
    }
  }
  return locations;
}

const Assembler::KnownKernel& Assembler::kernel_for(const Graph& graph, uint32_t index,
                                                    const std::vector<int64_t>& alias) {
  const Node& node = graph.node(index);
  if (is_kernel(node)) return kernel_of(node.body, alias, schedule_of(node), graph.origins(index));
  const std::shared_ptr<const Graph> body = node.body ? node.body : single_node_body(graph, index);
  return kernel_of(body, alias, plain_schedule(*body), graph.origins(index));
}

const Assembler::KnownKernel& Assembler::kernel_of(std::shared_ptr<const Graph> body,
                                                   const std::vector<int64_t>& alias,
                                                   const Schedule& schedule, const Origins& origins) {
  // Bodies first, since lowering takes longer than comparing.
  const size_t hash = body->structural_hash();
  for (auto [it, end] = known_.equal_range(hash); it != end; ++it) {
    const KnownKernel& known = it->second;
    if (known.alias == alias && known.schedule == schedule &&
        (known.body == body || same_structure(*known.body, *body)))
      return known;
  }
  LoweredKernel lowered = lower_kernel(KernelFunctions::unnamed, *body, alias, schedule, target_);
  lowered.name = functions_.add(describe_kernel(*body), std::move(lowered.functions), origins);
  return known_.emplace(hash, KnownKernel{body, alias, schedule, std::move(lowered)})->second;
}

void Assembler::emit_kernel(const Graph& graph, uint32_t index, Locations& locations, const Places& places) {
  const Node& node = graph.node(index);
  const std::vector<Location> results = result_locations(graph, index, places);
  std::vector<Location> operands;
  for (Value operand : node.operands) operands.push_back(locate(graph, operand, locations));
  std::vector<int64_t> alias(results.size(), -1);
  for (size_t r = 0; r < results.size(); ++r)
    for (size_t i = 0; i < operands.size(); ++i)
      if (results[r].same_place(operands[i])) alias[r] = static_cast<int64_t>(i);
  call(kernel_for(graph, index, alias), operands, results, planned_scratch(node, places));
  for (uint32_t r = 0; r < results.size(); ++r) locations[{index, r}] = results[r];
}

void Assembler::call(const KnownKernel& kernel, const std::vector<Location>& operands,
                     const std::vector<Location>& results, const std::vector<int64_t>& scratch) {
  loop::Call call;
  call.function = kernel.lowered.name;
  for (const Location& operand : operands) call.buffers.push_back(view(operand));
  for (size_t r = 0; r < results.size(); ++r)
    if (kernel.alias[r] < 0) call.buffers.push_back(view(results[r]));
  for (Value table : kernel.lowered.tables) {
    call.buffers.push_back(view(place_constant(kernel.body->node(table))));
  }
  int64_t used = 0;
  const std::vector<KernelScratch>& needs = kernel.lowered.scratch;
  for (size_t k = 0; k < needs.size(); ++k) {
    if (k < scratch.size()) {
      call.buffers.push_back(view(workspace_at(scratch[k], needs[k].element, needs[k].count)));
      continue;
    }
    call.buffers.push_back(view(unplanned_scratch(used, needs[k])));
    used += Placement::aligned(needs[k].bytes());
  }
  scratch_bytes_ = std::max(scratch_bytes_, used);
  main_.add({std::move(call)});
}

std::vector<int64_t> Assembler::planned_scratch(const Node& kernel, const Places& places) const {
  std::vector<int64_t> offsets;
  for (const Placement& place : placements(kernel, "scratch")) offsets.push_back(places.workspace + place.at);
  return offsets;
}

// Bytes of the workspace, one per piece of the scan's scratch.
std::vector<int64_t> Assembler::scratch_offsets(const Node& scan, const Places& places) {
  const std::vector<Placement> planned = placements(scan, "scratch");
  const std::vector<int64_t> sizes = ops::scratch_bytes(scan, *scan.body);
  std::vector<int64_t> offsets;
  for (size_t k = 0; k < sizes.size(); ++k) {
    offsets.push_back(k < planned.size() ? places.workspace + planned[k].at : workspace_end_);
    if (k >= planned.size()) workspace_end_ += Placement::aligned(sizes[k]);
  }
  return offsets;
}

// A step reads a carry where the step before left it, so none is moved: the history that the scan keeps of
// it, or two places in turn, from `turns` on.
Assembler::CarryPlaces Assembler::place_carry(const ops::ScanLayout& layout, size_t carry, const Type& type,
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

void Assembler::emit_scan(const Graph& graph, uint32_t index, Locations& locations, const Places& places) {
  const Node& node = graph.node(index);
  const Graph& body = *node.body;
  const ops::ScanLayout layout(node);
  const std::vector<Location> results = result_locations(graph, index, places);
  const auto count = [&](Value value) { return element_count(body.type(value).shape); };

  std::vector<Location> operands;
  for (Value operand : node.operands) operands.push_back(locate(graph, operand, locations));
  Locations inside;
  const std::vector<int64_t> scratch = scratch_offsets(node, places);
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

  const Expression step = main_.open("t", 0, layout.length);
  const Expression at = layout.reverse ? integer(layout.length - 1) - step : step;
  const Expression turn = loop::make(loop::ScalarOp::remainder, {step, integer(2)});
  main_.store(position.buffer, Index(0), at);
  inside[body.inputs()[0].value] = position;
  std::vector<Location> next;
  for (const CarryPlaces& carry : carries) {
    for (const Location& history : carry.histories)
      copy(carry.result, slice(history, at, carry.count), carry.count);
    const size_t input = layout.body_input_of(next.size());
    inside[body.inputs()[input].value] =
        carry.turns ? slice(*carry.turns, turn, carry.stride) : slice(carry.histories[0], at, carry.count);
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
  main_.close();
  for (const CarryPlaces& carry : carries)
    if (carry.turns)
      copy(slice(*carry.turns, integer(layout.length % 2), carry.stride), carry.result, carry.count);
  for (uint32_t r = 0; r < results.size(); ++r) locations[{index, r}] = results[r];
}

}  // namespace gradus::lowering
