// Derivatives of one scalar without any derivative rule: by dual numbers, complex step, differences and
// random perturbations. They know only what the ops mean, so they check the symbolic gradients that passes
// make.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/evaluate/evaluate.h"

namespace gradus::evaluate {

// One scalar of a graph as a function of some float inputs (its variables), the others held fixed. The
// elements of all variables, one after another, are its coordinates.
class ScalarFunction {
 public:
  // `result` is a float scalar; `inputs` are all inputs of the graph, `variables` positions among them.
  // Floats keep the digits of double unless the options say otherwise: differences need them.
  ScalarFunction(const Graph& graph, Value result, std::vector<Array<double>> inputs,
                 std::vector<uint32_t> variables,
                 const EvaluateOptions& options = {.round_to_declared = false});
  ~ScalarFunction();
  ScalarFunction(const ScalarFunction&) = delete;
  ScalarFunction& operator=(const ScalarFunction&) = delete;

  size_t size() const { return point_.size(); }
  const std::vector<double>& point() const { return point_; }
  int64_t evaluations() const { return evaluations_; }

  double value();  // at the point; evaluated once
  double value_at(std::span<const double> point);
  double value_with(size_t coordinate, double changed);  // computes only what depends on it
  // Derivatives along a direction and by one coordinate. Throw NotAvailable where an op has no such form.
  double dual_along(std::span<const double> direction);
  double dual_by(size_t coordinate);
  double complex_along(std::span<const double> direction, double step);
  double complex_by(size_t coordinate, double step);

 private:
  template <class T>
  struct Base;
  struct Place {
    size_t variable;
    size_t element;
  };

  Place place(size_t coordinate) const;
  template <class T>
  std::vector<Array<T>> inputs_at(std::span<const T> point) const;
  template <class T>
  T full(std::span<const T> point);
  template <class T>
  T changed(Base<T>& base, size_t coordinate, T number);

  Graph graph_;  // nothing but what the scalar needs
  std::vector<Array<double>> inputs_;
  std::vector<uint32_t> variables_;
  EvaluateOptions options_;
  std::vector<double> point_;
  std::vector<size_t> starts_;                     // first coordinate of each variable
  std::vector<std::vector<uint32_t>> dependents_;  // nodes to compute again, per variable
  bool has_gradient_nodes_ = false;
  int64_t evaluations_ = 0;
  std::optional<double> value_;
  std::unique_ptr<Base<double>> real_;
  std::unique_ptr<Base<Dual<double>>> dual_;
  std::unique_ptr<Base<Complex>> complex_;
};

// Step sizes h; 0 means the default. The differences scale theirs by max(1, |x|) (along a direction: by 1).
struct DerivativeOptions {
  int64_t seed = 1;
  int64_t elements = 200;       // at most so many coordinates, seeded; -1: all
  double complex_step = 1e-20;  // no difference is taken, so it can be as small as one likes
  double central_step = 0;      // default: cube root of 2^-52, where truncation h^2 meets rounding 2^-52 / h
  double one_sided_step = 0;    // default: square root of 2^-52, where h meets 2^-52 / h
  double spsa_step = 1e-4;
  int64_t spsa_samples = 1000;  // of two evaluations each
};

enum class DerivativeMethod { forward, complex_step, central, one_sided, spsa };
std::string_view name(DerivativeMethod method);  // "forward (dual numbers)" …
bool is_exact(DerivativeMethod method);          // up to rounding

double derivative_along(ScalarFunction& f, std::span<const double> direction, DerivativeMethod method,
                        const DerivativeOptions& options = {});
double derivative_by(ScalarFunction& f, size_t coordinate, DerivativeMethod method,
                     const DerivativeOptions& options = {});

// Simultaneous perturbation (Spall 1992): with signs d, every coordinate's estimate is
// (f(x + h d) - f(x - h d)) / (2 h d_i). Its mean over random signs is the gradient, to order h^2.
std::vector<double> spsa_estimate(ScalarFunction& f, std::span<const double> signs, double step);
std::vector<double> spsa_gradient(ScalarFunction& f,
                                  const DerivativeOptions& options = {});  // mean over samples

// A direction of length 1, and at most `count` different coordinates, ascending (-1: all).
std::vector<double> seeded_direction(size_t size, int64_t seed);
std::vector<size_t> seeded_coordinates(size_t size, int64_t count, int64_t seed);

struct DerivativeRow {
  DerivativeMethod method = DerivativeMethod::forward;
  bool available = true;
  std::string reason;  // why not
  double along = 0;    // derivative along the seeded direction
  double error = 0;    // largest |estimate - reference| / max(1, |reference|) over the chosen coordinates
  int64_t evaluations = 0;
};
struct DerivativeTable {
  double value = 0;
  double reference_along = 0;  // the reference along the same direction
  size_t coordinates = 0;      // how many were compared
  std::vector<DerivativeRow> rows;
};

// One row per method. `reference`: the gradient to compare with, in the order of coordinates.
DerivativeTable compare_derivatives(ScalarFunction& f, std::span<const double> reference,
                                    const DerivativeOptions& options = {});

// Positions of the parameters among the graph's inputs (without any: of the lesson variables, then of float
// data).
std::vector<uint32_t> differentiable_inputs(const Graph& graph);

}  // namespace gradus::evaluate
