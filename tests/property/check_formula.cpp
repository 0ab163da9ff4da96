#include "codegen/lower/lower.h"
#include "frontend/driver/compile/pass_promise.h"
#include "ir/structure.h"
#include "ir/text/print.h"
#include "passes/pipeline.h"
#include "tests/property/formulas.h"
#include "tests/support/run_compiled.h"

namespace gradus::testing {

namespace {

using Strength = PassPromise::Strength;

class FormulaCheck {
 public:
  explicit FormulaCheck(const RandomGraph& formula) : graph_(formula.graph), inputs_(formula.inputs) {}

  FormulaVerdict run() {
    FormulaVerdict verdict;
    try {
      PassContext context;
      const Graph raw = differentiate(graph_, context);
      PassPromise promise(raw, inputs_);
      verdict.failure = walk(
          promise, {"simplify", "differentiate", "simplify", "hoist", "memoize", "simplify"}, Strength::ieee);
      if (verdict.failure.empty() && !promise.compares_infinities())
        verdict.failure = walk(promise,
                               {"simplify", "stabilize", "differentiate", "simplify", "stabilize", "simplify",
                                "hoist", "memoize", "simplify"},
                               Strength::stabilized);
      verdict.compared = promise.compared();
      verdict.elements = promise.elements();
    } catch (const evaluate::Ambiguous&) {
      verdict.skipped = true;
    }
    return verdict;
  }

 private:
  std::string walk(PassPromise& promise, const std::vector<std::string_view>& names, Strength strength) {
    PassContext context;
    Graph graph = graph_;
    for (const std::string_view name : names) {
      Graph next = find_pass(name)->run(graph, context);
      if (!same_structure(next, graph) && !has_gradient(next))
        if (std::string broken = promise.broken_by(next, strength); !broken.empty())
          return failure("after " + std::string(name), broken, next);
      graph = std::move(next);
    }
    for (const std::string_view name : passes_to(Stage::kernels))
      graph = find_pass(name)->run(graph, context);
    const Target target = host();
    const loop::Program program = lower(graph, target);
    const CompiledRun run = run_compiled(compile(program, target), program.workspace_bytes(), graph, inputs_);
    const std::string broken = promise.broken_by(graph, run.results, strength);
    return broken.empty() ? broken : failure("compiled", broken, graph);
  }

  static std::string failure(const std::string& where, const std::string& what, const Graph& graph) {
    return where + ": " + what + "\n" + print(graph, {.origins = false});
  }

  const Graph& graph_;
  const std::vector<evaluate::Array<double>>& inputs_;
};

}  // namespace

FormulaVerdict check_formula(const RandomGraph& formula) { return FormulaCheck(formula).run(); }

}  // namespace gradus::testing
