// Assembles a program: main's arguments, and what it calls.
#include <algorithm>

#include "codegen/lower/lower.h"
#include "codegen/lower/sequence.h"
#include "ir/copies.h"

namespace gradus {

namespace {

using loop::BufferRole;

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

void bind_arguments(const Graph& graph, lowering::Sequence& main, std::vector<loop::Argument>& arguments) {
  const auto argument = [&](const std::string& name, ArgumentKind kind, const Type& type, BufferRole role) {
    arguments.push_back({{name, kind, type}});
    return main.parameter(name, role, type);
  };
  for (ArgumentKind kind : {ArgumentKind::input, ArgumentKind::parameter, ArgumentKind::state,
                            ArgumentKind::seed, ArgumentKind::step})
    for (size_t i = 0; i < graph.inputs().size(); ++i) {
      const Input& input = graph.inputs()[i];
      if (argument_kind(input.kind) != kind) continue;
      const bool updated = std::any_of(graph.updates().begin(), graph.updates().end(),
                                       [&](const Update& update) { return update.input == i; });
      main.bind_input(i, argument(input.name, kind, graph.type(input.value),
                                  updated ? BufferRole::update : BufferRole::read));
    }
  for (const NamedValue& result : graph.results()) {
    const Type& type = graph.type(result.value);
    main.bind_result(argument(result.name.empty() ? "result" : result.name, ArgumentKind::result,
                              Type(type.element, type.shape), BufferRole::write));
  }
  main.bind_status(argument("status", ArgumentKind::status, Type(ElementType::i64, {2}), BufferRole::write));
}

}  // namespace

loop::Program lower(const Graph& kernels, const Target& target) {
  if (needs_copies(kernels)) return lower(with_copies(kernels), target);
  loop::Program program;
  program.name = kernels.name();
  program.header = kernels.header();
  lowering::ProgramFunctions functions(target);
  lowering::Sequence main("main", kernels, functions);
  bind_arguments(kernels, main, program.arguments);
  main.run();
  program.main = std::move(main).finish();
  program.functions = std::move(functions).take();
  return program;
}

}  // namespace gradus
