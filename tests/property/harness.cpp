#include "tests/property/harness.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "codegen/lower/lower.h"
#include "ir/text/parse.h"
#include "ir/text/print.h"
#include "ir/verify.h"
#include "passes/pipeline.h"
#include "tests/support/memory_plan.h"
#include "tests/support/run_compiled.h"

namespace gradus::testing {

namespace {

using evaluate::Array;
using evaluate::Bounded;

// Results, then updates, under names for messages.
struct Outcome {
  std::vector<std::string> names;
  std::vector<Array<double>> values;
  std::array<int64_t, 2> status = {-1, -1};
};
using Bounds = std::vector<std::vector<double>>;  // per array and element; empty for integers

class DrawnAgain : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
class Failed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

std::vector<std::string> names_of(const Graph& graph) {
  std::vector<std::string> names;
  for (const NamedValue& result : graph.results()) names.push_back(result.name);
  for (const Update& update : graph.updates())
    names.push_back("update of " + graph.inputs()[update.input].name);
  return names;
}

template <class Result>
std::vector<Array<double>> joined(Result result) {
  std::vector<Array<double>> arrays = std::move(result.results);
  for (Array<double>& update : result.updates) arrays.push_back(std::move(update));
  return arrays;
}

bool same_bits(double a, double b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

double largest(const Array<double>& array) {
  double most = 0;
  for (const double number : array.floats) most = std::max(most, std::fabs(number));
  return most;
}

class Check {
 public:
  Check(const Graph& graph, const std::vector<Array<double>>& inputs, const CheckOptions& options)
      : graph_(graph), inputs_(inputs), options_(options) {}

  Verdict run() {
    try {
      reference();
      passes();
      if (options_.compiled) compiled();
    } catch (const DrawnAgain& again) {
      verdict_.drawn_again = true;
      verdict_.failure = again.what();
    } catch (const evaluate::Ambiguous& ambiguous) {
      verdict_.drawn_again = true;
      verdict_.failure = ambiguous.what();
    } catch (const std::exception& failed) {
      verdict_.failure = failed.what();
    }
    return verdict_;
  }

 private:
  Outcome evaluated(const Graph& graph, int64_t gradient_elements = int64_t{1} << 40,
                    bool round_to_declared = false) const {
    evaluate::EvaluateOptions options;
    options.round_to_declared = round_to_declared;
    options.gradient_elements = gradient_elements;
    evaluate::Evaluation<double> evaluation = evaluate::evaluate<double>(graph, inputs_, options);
    Outcome outcome{names_of(graph), {}};
    if (evaluation.status) outcome.status = {evaluation.status->integers[0], evaluation.status->integers[1]};
    outcome.values = joined(std::move(evaluation));
    return outcome;
  }

  // The bounds of a graph without gradient nodes, in arithmetic of the declared types. A graph that is too
  // sensitive is drawn again.
  Bounds bounds_of(const Graph& graph) {
    std::vector<Array<Bounded>> lifted;
    for (const Array<double>& input : inputs_) lifted.push_back(evaluate::lift<Bounded>(input));
    evaluate::Evaluation<Bounded> evaluation = evaluate::evaluate<Bounded>(graph, std::move(lifted));
    for (Array<Bounded>& update : evaluation.updates) evaluation.results.push_back(std::move(update));
    Bounds bounds;
    for (const Array<Bounded>& array : evaluation.results) {
      std::vector<double>& errors = bounds.emplace_back();
      double scale = 0, most = 0;
      for (const Bounded& number : array.floats) {
        errors.push_back(number.error());
        scale = std::max(scale, std::fabs(number.value));
        most = std::max(most, errors.back());
        if (!std::isfinite(number.value)) throw DrawnAgain("a value is not finite");
        if (array.type.element != ElementType::f64 &&
            std::fabs(number.value) > std::numeric_limits<float>::max())
          throw DrawnAgain("a value is beyond f32");
      }
      if (most == 0) continue;
      if (!(most <= 1e-2 * scale)) throw DrawnAgain(fmt::format("error bound {} of {}", most, scale));
      verdict_.largest_bound = std::max(verdict_.largest_bound, most / scale);
    }
    return bounds;
  }

  // What everything else is compared with: the graph as it stands, its gradients by dual numbers where that
  // is affordable, otherwise by the rules alone.
  void reference() {
    PassContext context;
    raw_ = differentiate(graph_, context);
    bounds_ = bounds_of(raw_);
    reference_ = evaluated(raw_);
    compare("rounded to the declared types", raw_, evaluated(raw_, int64_t{1} << 40, true), reference_,
            bounds_, bounds_);
    try {
      const Outcome by_duals = evaluated(graph_, 60);
      compare("differentiate alone", raw_, evaluated(raw_), by_duals, bounds_, bounds_);
      reference_ = by_duals;
      verdict_.by_duals = true;
    } catch (const evaluate::NotAvailable&) {
    }
  }

  void compare(const std::string& what, const Graph& graph, const Outcome& found, const Outcome& expected,
               const Bounds& a, const Bounds& b) {
    if (found.names != expected.names) throw Failed(what + ": other results or updates");
    if (found.status != expected.status)
      throw Failed(fmt::format("{}: status ({}, {}), expected ({}, {})", what, found.status[0],
                               found.status[1], expected.status[0], expected.status[1]));
    for (size_t k = 0; k < found.values.size(); ++k) {
      const Array<double>&x = found.values[k], &y = expected.values[k];
      if (x.size() != y.size()) throw Failed(fmt::format("{}: {} has another size", what, found.names[k]));
      const double floor = 1e-13 * largest(y) + 1e-37;  // the references' own rounding, underflow
      for (size_t i = 0; i < x.size(); ++i) {
        const double u = evaluate::number_at(x, i), v = evaluate::number_at(y, i);
        const double tolerance = x.holds_floats() ? a[k][i] + b[k][i] + floor : 0;
        if (x.holds_floats() ? u == v : x.integers[i] == y.integers[i]) continue;
        if (x.holds_floats() && std::fabs(u - v) <= tolerance) {
          verdict_.largest_error = std::max(verdict_.largest_error, std::fabs(u - v) / tolerance);
          continue;
        }
        throw Failed(fmt::format("{}: {}[{}] is {}, expected {}, tolerance {}\n{}", what, found.names[k], i,
                                 u, v, tolerance, print(graph, {.origins = false})));
      }
    }
  }

  static void round_trip(const std::string& what, const Graph& graph) {
    const std::string text = print(graph);
    if (print(parse_graph(text)) != text)
      throw Failed(what + ": the text does not print as it was parsed\n" + text);
  }

  void passes() {
    PassContext context;
    kernels_ = graph_;
    round_trip("as drawn", graph_);
    for (const Pass& pass : options_.passes.empty() ? pipeline_passes() : options_.passes) {
      Graph next = pass.run(kernels_, context);
      const std::string what = fmt::format("after {}", pass.name);
      verify_or_fail(next, what);
      if (!same_structure(next, kernels_)) {
        round_trip(what, next);
        compare(what, next, evaluated_after(next), reference_, bounds_, bounds_);
      }
      if (pass.name == "simplify") {
        verdict_.nodes = next.size();
        if (options_.passes.empty() && !same_structure(simplify(next, context), next))
          throw Failed("simplify changes its own result\n" + print(next, {.origins = false}) + "\nbecomes\n" +
                       print(simplify(next, context), {.origins = false}));
      }
      kernels_ = std::move(next);
    }
  }

  // While gradient nodes are there and large, what does not depend on them is compared only after they are
  // expanded by their rules.
  Outcome evaluated_after(const Graph& graph) const {
    if (verdict_.by_duals) return evaluated(graph);
    PassContext context;
    return evaluated(differentiate(graph, context));
  }

  CompiledRun run_on(const loop::Program& program, const Graph& graph, const Target& target,
                     ThreadPool* pool) {
    const CompiledProgram compiled = compile(program, target);
    return run_compiled(compiled, program.workspace_bytes(), graph, inputs_, pool);
  }

  Outcome outcome_of(CompiledRun run, const Graph& graph) const {
    Outcome outcome{names_of(graph), {}, {run.status.check, run.status.element}};
    outcome.values = joined(std::move(run));
    return outcome;
  }

  // A step whose check failed has results that nobody reads, and leaves parameters and state as they were.
  void compare_compiled(const std::string& what, const Graph& graph, Outcome found, const Bounds& bounds) {
    if (found.status[0] >= 0 && found.status == reference_.status) {
      for (size_t k = 0; k < graph.results().size(); ++k) found.values[k] = reference_.values[k];
      Outcome before = reference_;
      for (size_t k = 0; k < graph.updates().size(); ++k)
        before.values[graph.results().size() + k] = inputs_[graph.updates()[k].input];
      return compare(what + " (failed check)", graph, found, before, bounds, bounds_);
    }
    compare(what, graph, found, reference_, bounds, bounds_);
  }

  loop::Program lowered(const Graph& graph, const Target& target) const {
    loop::Program program = lower(graph, target);
    if (const std::string memory = unplanned_memory(graph, program); !memory.empty())
      throw Failed("lowering: " + memory + "\n" + print(graph, {.origins = false}));
    if (options_.change_program) options_.change_program(program);
    return program;
  }

  static void same(const std::string& what, const Outcome& a, const Outcome& b) {
    for (size_t k = 0; k < a.values.size(); ++k)
      for (size_t i = 0; i < a.values[k].size(); ++i) {
        const double x = evaluate::number_at(a.values[k], i), y = evaluate::number_at(b.values[k], i);
        if (!same_bits(x, y))
          throw Failed(fmt::format("{}: {}[{}] is {:a} and {:a}", what, a.names[k], i, x, y));
      }
  }

  void compiled() {
    static const Target native = host(), level3 = target_named("x86-64-v3");
    static ThreadPool pool(2);
    const Bounds bounds = bounds_of(kernels_);
    const loop::Program program = lowered(kernels_, native);
    const CompiledProgram code = compile(program, native);
    const Outcome one =
        outcome_of(run_compiled(code, program.workspace_bytes(), kernels_, inputs_), kernels_);
    compare_compiled("compiled", kernels_, one, bounds);
    const Outcome two =
        outcome_of(run_compiled(code, program.workspace_bytes(), kernels_, inputs_, &pool), kernels_);
    same("one thread and two", one, two);
    const loop::Program portable = lowered(kernels_, level3);
    same("native and x86-64-v3", one,
         outcome_of(run_compiled(compile(portable, level3), portable.workspace_bytes(), kernels_, inputs_),
                    kernels_));

    PassContext context;
    const Graph as_is = plan_buffers(order(fuse(raw_, context), context), context);
    const loop::Program plain = lowered(as_is, native);
    compare_compiled(
        "compiled as is", as_is,
        outcome_of(run_compiled(compile(plain, native), plain.workspace_bytes(), as_is, inputs_), as_is),
        bounds_);
  }

  const Graph& graph_;
  const std::vector<Array<double>>& inputs_;
  const CheckOptions& options_;
  Verdict verdict_;
  Graph raw_, kernels_;
  Outcome reference_;
  Bounds bounds_;
};

}  // namespace

std::vector<Pass> pipeline_passes() {
  std::vector<Pass> passes;
  for (const Stage stage : {Stage::backward, Stage::optimized, Stage::kernels})
    for (const std::string_view name : passes_to(stage)) passes.push_back(*find_pass(name));
  return passes;
}

Verdict check_graph(const Graph& graph, const std::vector<Array<double>>& inputs,
                    const CheckOptions& options) {
  return Check(graph, inputs, options).run();
}

}  // namespace gradus::testing
