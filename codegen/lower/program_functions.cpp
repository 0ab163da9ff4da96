#include "codegen/lower/program_functions.h"

#include <fmt/format.h>

#include "codegen/lower/sequence.h"
#include "ir/kernel/legal.h"
#include "ir/kernel/name.h"
#include "ir/kernel/single.h"
#include "ir/structure.h"

namespace gradus::lowering {

using loop::BufferRole;

namespace {

bool same_body(const std::shared_ptr<const Graph>& a, const std::shared_ptr<const Graph>& b) {
  return a == b || same_structure(*a, *b);
}

loop::Function lower_block(const Graph& body, ProgramFunctions& functions) {
  Sequence sequence(KernelFunctions::unnamed, body, functions);
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    const Type& type = body.type(body.inputs()[i].value);
    sequence.bind_input(i, sequence.parameter(fmt::format("a{}", i), BufferRole::read, type));
  }
  for (size_t r = 0; r < body.results().size(); ++r)
    sequence.bind_result(
        sequence.parameter(fmt::format("out{}", r), BufferRole::write, body.type(body.results()[r].value)));
  sequence.run();
  return std::move(sequence).finish();
}

}  // namespace

const KnownKernel& ProgramFunctions::kernel(const Graph& graph, uint32_t index,
                                            const std::vector<int64_t>& alias) {
  const Node& node = graph.node(index);
  const std::shared_ptr<const Graph> body = node.body ? node.body : single_node_body(graph, index);
  const Schedule schedule = is_kernel(node) ? schedule_of(node) : plain_schedule(*body);
  // Bodies first, since lowering takes longer than comparing.
  const size_t hash = body->structural_hash();
  for (auto [it, end] = kernels_.equal_range(hash); it != end; ++it) {
    const KnownKernel& known = it->second;
    if (known.alias == alias && known.schedule == schedule && same_body(known.body, body)) return known;
  }
  LoweredKernel lowered = lower_kernel(KernelFunctions::unnamed, *body, alias, schedule, target_);
  lowered.name = named_.add(describe_kernel(*body), std::move(lowered.functions), graph.origins(index));
  return kernels_.emplace(hash, KnownKernel{body, alias, schedule, std::move(lowered)})->second;
}

const Block& ProgramFunctions::block(const Graph& graph, uint32_t index) {
  const std::shared_ptr<const Graph>& body = graph.node(index).body;
  const size_t hash = body->structural_hash();
  for (auto [it, end] = blocks_.equal_range(hash); it != end; ++it)
    if (same_body(it->second.body, body)) return it->second;
  std::vector<loop::Function> functions = {lower_block(*body, *this)};
  const int64_t workspace_bytes = functions[0].workspace_bytes;
  std::string name = named_.add("block", std::move(functions), graph.origins(index));
  return blocks_.emplace(hash, Block{body, std::move(name), workspace_bytes})->second;
}

const std::string& ProgramFunctions::copy(ElementType element, int64_t count) {
  std::string& name = copies_[{element, count}];
  if (!name.empty()) return name;
  name = fmt::format("copy_{}_{}", gradus::name(element), count);
  FunctionBuilder f(name);
  const int64_t x = f.parameter("x", BufferRole::read, element, count);
  const int64_t y = f.parameter("y", BufferRole::write, element, count);
  const Index i = f.open_axis("i", count, loop::LoopKind::vectorized);
  f.store(y, i, f.load(x, i));
  f.close();
  copying_.push_back(std::move(f).finish());
  return name;
}

std::vector<loop::Function> ProgramFunctions::take() && {
  std::vector<loop::Function> functions = std::move(copying_);
  for (loop::Function& function : std::move(named_).take()) functions.push_back(std::move(function));
  return functions;
}

}  // namespace gradus::lowering
