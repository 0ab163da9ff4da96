#include "tests/property/mutations.h"

#include <cstdio>
#include <numeric>

#include "frontend/driver/compile/instrument.h"
#include "ir/build.h"
#include "ir/error.h"
#include "ir/op.h"
#include "tests/property/harness.h"

namespace gradus::testing {

namespace {

// Replaces a node of the graph being built, or none to keep it.
using Replacement = Value (*)(GraphBuilder&, const Node& old, const Origins&,
                              const std::vector<Value>& operands);

Graph changed(const Graph& graph, Replacement replacement) {
  Rewriter rewriter(graph, "mutation");
  for (const uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    rewriter.at(i);
    const Value made =
        node.operands.empty() || node.body
            ? Value{}
            : replacement(rewriter.builder(), node, graph.origins(i), rewriter.map(node.operands));
    if (made)
      rewriter.replace(i, {made});
    else
      rewriter.keep(i);
  }
  return std::move(rewriter).finish();
}

// (x c) d becomes x (c + d).
Graph wrong_constant_fold(const Graph& graph, PassContext& context) {
  return changed(
      simplify(graph, context),
      [](GraphBuilder& b, const Node& node, const Origins&, const std::vector<Value>& operands) -> Value {
        if (node.op->name != "mul") return {};
        const std::optional<double> second = build::known_splat(b, operands[1]);
        const std::optional<double> first = build::known_splat(b, operands[0]);
        if (!second && !first) return {};
        const Value x = second ? operands[0] : operands[1];
        return build::mul(b, x, (second ? *second : *first) + 0.25);
      });
}

// Of several contributions to an adjoint only the first counts.
Graph dropped_adjoint(const Graph& graph, PassContext& context) {
  return changed(differentiate(graph, context),
                 [](GraphBuilder&, const Node& node, const Origins& origins,
                    const std::vector<Value>& operands) -> Value {
                   if (node.op->name != "add") return {};
                   for (const Origin& origin : origins)
                     if (origin.kind == Origin::Kind::rule && origin.operand == -1) return operands[0];
                   return {};
                 });
}

Graph swapped_operands(const Graph& graph, PassContext& context) {
  const Graph fused = fuse(graph, context);
  Rewriter rewriter(fused, "mutation");
  for (const uint32_t i : rewriter.live()) {
    const Node& node = fused.node(i);
    if (node.op->name != "kernel") {
      rewriter.keep(i);
      continue;
    }
    const Graph body = changed(
        *node.body,
        [](GraphBuilder& b, const Node& old, const Origins&, const std::vector<Value>& operands) -> Value {
          return old.op->name == "sub" ? build::sub(b, operands[1], operands[0]) : Value{};
        });
    rewriter.keep_body(i, std::make_shared<const Graph>(body));
  }
  return std::move(rewriter).finish();
}

// A transpose that forgets to move the elements.
Graph wrong_transpose(const Graph& graph, PassContext& context) {
  return changed(
      stabilize(graph, context),
      [](GraphBuilder& b, const Node& node, const Origins&, const std::vector<Value>& operands) -> Value {
        return node.op->name == "transpose" ? build::reshape(b, operands[0], node.types[0].shape) : Value{};
      });
}

// Along the first axis that a broadcast adds, only the first element is filled.
Graph missing_broadcast_axis(const Graph& graph, PassContext& context) {
  return changed(
      simplify(graph, context),
      [](GraphBuilder& b, const Node& node, const Origins&, const std::vector<Value>& operands) -> Value {
        if (node.op->name != "broadcast" || !is_float(node.types[0].element)) return {};
        const std::vector<int64_t>& dims = node.attributes.integers("dims");
        Shape shape = node.types[0].shape;
        for (size_t axis = 0; axis < shape.size(); ++axis) {
          if (shape[axis] == 1 ||
              std::find(dims.begin(), dims.end(), static_cast<int64_t>(axis)) != dims.end())
            continue;
          std::vector<int64_t> none(shape.size(), 0), high(shape.size(), 0);
          high[axis] = shape[axis] - 1;
          shape[axis] = 1;
          return build::pad(b, build::broadcast(b, operands[0], shape, dims), 0, none, high, none);
        }
        return {};
      });
}

// Vectorized loops whose length is odd lose their last element.
void shorten(loop::Block& block) {
  for (loop::Statement& statement : block) {
    if (auto* loop = std::get_if<loop::For>(&statement.value)) {
      shorten(loop->body);
      if (loop->kind == loop::LoopKind::vectorized && loop->upper->op == loop::ScalarOp::constant &&
          loop->upper->integer % 2 == 1 && loop->upper->integer > 2)
        loop->upper = loop::constant_integer(ElementType::i64, loop->upper->integer - 1);
    } else if (auto* branch = std::get_if<loop::If>(&statement.value)) {
      shorten(branch->then_block);
      shorten(branch->else_block);
    }
  }
}
void wrong_tail(loop::Program& program) {
  for (loop::Function& function : program.functions) shorten(function.body);
  shorten(program.main.body);
}

}  // namespace

const std::vector<Mutation>& mutations() {
  static const std::vector<Mutation> list = {
      {"a wrong constant fold", "simplify", wrong_constant_fold, {}},
      {"a dropped term of an adjoint", "differentiate", dropped_adjoint, {}},
      {"swapped operands in a kernel", "fuse", swapped_operands, {}},
      {"wrong dims of a transpose", "stabilize", wrong_transpose, {}},
      {"a missing axis of a broadcast", "simplify", missing_broadcast_axis, {}},
      {"a wrong bound of a tail", "", nullptr, wrong_tail},
  };
  return list;
}

std::vector<Pass> passes_with(const Mutation& mutation) {
  std::vector<Pass> passes = pipeline_passes();
  for (Pass& pass : passes)
    if (pass.name == mutation.pass) pass.run = mutation.run;
  return passes;
}

std::string verified(const Graph& graph, const std::vector<Pass>& passes) {
  Instrument instrument({.print_after = {},
                         .print_after_all = false,
                         .stop_after = {},
                         .verify_each = VerifyEach::numeric,
                         .time_passes = false,
                         .prints = stdout});
  const PassObserver observer = instrument.observer();
  Graph current = graph;
  PassContext context;
  try {
    for (const Pass& pass : passes) {
      Graph next = pass.run(current, context);
      observer({pass.name, current.size(), next.size(), !same_structure(current, next), 0, pass.run}, current,
               next);
      current = std::move(next);
    }
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

}  // namespace gradus::testing
