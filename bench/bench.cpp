// Measures compiled kernels against a peer, interleaved in one run on one thread.
//
//   gradus_bench kernels        512³ product against OpenBLAS; 3×3 convolution against that product's rate
//   gradus_bench step FILE      one training step of a model file, in milliseconds
//   gradus_bench compile FILE   its cold compile, from parsing to a callable training step, in milliseconds
//   gradus_bench codegen FILE   its code generation alone, on one thread and on two
//
// Medians of interleaved samples: on a shared machine only ratios within one run mean something.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <map>

#include "codegen/llvm/compile.h"
#include "frontend/driver/train/train.h"
#include "frontend/driver/train/train_numerics.h"
#include "ir/build.h"
#include "ir/random.h"

extern "C" {
void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                 const float* a, int lda, const float* b, int ldb, float beta, float* c, int ldc);
void openblas_set_num_threads(int threads);
char* openblas_get_corename();
}

namespace gradus {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds(const std::function<void()>& body, int repeats) {
  const auto start = Clock::now();
  for (int i = 0; i < repeats; ++i) body();
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count() / repeats;
}

double median(std::vector<double> samples) {
  std::nth_element(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(samples.size() / 2),
                   samples.end());
  return samples[samples.size() / 2];
}

// Median time of each contender, sampled in turn.
std::vector<double> interleave(const std::vector<std::function<void()>>& bodies, int rounds, int repeats) {
  std::vector<std::vector<double>> samples(bodies.size());
  for (const auto& body : bodies) milliseconds(body, repeats);
  for (int round = 0; round < rounds; ++round)
    for (size_t i = 0; i < bodies.size(); ++i) samples[i].push_back(milliseconds(bodies[i], repeats));
  std::vector<double> medians;
  for (auto& list : samples) medians.push_back(median(std::move(list)));
  return medians;
}

// "AMD EPYC, family 26 model 17": marketing names alone do not tell generations apart.
std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  std::map<std::string, std::string> fields;
  for (std::string line; std::getline(file, line) && !line.empty();) {
    const size_t colon = line.find(':');
    if (colon == std::string::npos || colon + 2 > line.size()) continue;
    fields[line.substr(0, line.find_last_not_of(" \t", colon - 1) + 1)] = line.substr(colon + 2);
  }
  if (!fields.count("model name")) return "unknown CPU";
  return fmt::format("{}, family {} model {}", fields["model name"], fields["cpu family"], fields["model"]);
}

Tensor random_tensor(const Type& type, uint64_t number) {
  Tensor tensor(type);
  const random::Draw draw{1, 0, random::site("bench", number), 0};
  int64_t element = 0;
  for (float& value : tensor.values<float>())
    value = static_cast<float>(2 * random::uniform(draw, element++) - 1);
  return tensor;
}

struct Kernel {
  std::shared_ptr<Executable> executable;
  std::vector<Tensor> inputs, results, none;
  std::vector<const void*> input_pointers;
  std::vector<void*> result_pointers;

  Kernel(Compiler& compiler, GraphBuilder builder, Value result) {
    builder.add_result("y", result);
    executable = compiler.compile(std::move(builder).finish());
    for (const Argument& argument : executable->description().inputs)
      inputs.push_back(random_tensor(argument.type, inputs.size()));
    results = executable->make_results();
    for (const Tensor& input : inputs) input_pointers.push_back(input.data());
    for (Tensor& output : results) result_pointers.push_back(output.data());
  }
  void operator()() { executable->run(input_pointers, std::span<void* const>(), result_pointers); }
};

Kernel product(Compiler& compiler, int64_t n) {
  GraphBuilder b("product");
  const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {n, n}));
  const Value w = b.input("w", InputKind::data, Type(ElementType::f32, {n, n}));
  const Value y = build::dot(b, x, w, {{1}, {0}});
  return Kernel(compiler, std::move(b), y);
}

Kernel convolution(Compiler& compiler, int64_t batch, int64_t size, int64_t channels) {
  GraphBuilder b("convolution");
  const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {batch, size, size, channels}));
  const Value w = b.input("w", InputKind::data, Type(ElementType::f32, {3, 3, channels, channels}));
  const std::vector<int64_t> ones{1, 1};
  const Value y = b.add(OpId::conv, {x, w},
                        {{"kind", std::string("forward")},
                         {"input", std::string("b01f")},
                         {"filter", std::string("01io")},
                         {"output", std::string("b01f")},
                         {"stride", ones},
                         {"low", ones},
                         {"high", ones},
                         {"dilation", ones}});
  return Kernel(compiler, std::move(b), y);
}

Compiler single_thread() {
  CompilerOptions options;
  options.threads = 1;
  return Compiler(options);
}

int bench_kernels() {
  openblas_set_num_threads(1);
  Compiler compiler = single_thread();
  constexpr int64_t n = 512, batch = 8, size = 28, channels = 64;
  Kernel ours = product(compiler, n);
  Kernel conv = convolution(compiler, batch, size, channels);
  const Tensor a = random_tensor(Type(ElementType::f32, {n, n}), 0);
  const Tensor w = random_tensor(Type(ElementType::f32, {n, n}), 1);
  Tensor c(Type(ElementType::f32, {n, n}));
  const auto blas = [&] {
    constexpr int row_major = 101, no_transpose = 111;
    cblas_sgemm(row_major, no_transpose, no_transpose, n, n, n, 1, static_cast<const float*>(a.data()), n,
                static_cast<const float*>(w.data()), n, 0, static_cast<float*>(c.data()), n);
  };
  const std::vector<double> ms = interleave({[&] { ours(); }, blas, [&] { conv(); }}, 31, 8);
  const double product_flops = 2.0 * n * n * n;
  const double conv_flops = 2.0 * batch * size * size * channels * channels * 9;
  const double ours_rate = product_flops / ms[0] / 1e6, blas_rate = product_flops / ms[1] / 1e6,
               conv_rate = conv_flops / ms[2] / 1e6;
  fmt::print("{}; OpenBLAS kernels: {}\n", cpu_name(), openblas_get_corename());
  fmt::print("{:<34}{:>10}{:>12}{:>9}  {}\n", "one thread, f32", "ms", "GFLOP/s", "ratio", "of");
  fmt::print("{:<34}{:>10.3f}{:>12.1f}{:>9}\n", "512³ product, OpenBLAS", ms[1], blas_rate, "");
  fmt::print("{:<34}{:>10.3f}{:>12.1f}{:>9.2f}  {}\n", "512³ product", ms[0], ours_rate,
             ours_rate / blas_rate, "OpenBLAS");
  fmt::print("{:<34}{:>10.3f}{:>12.1f}{:>9.2f}  {}\n", "3×3 convolution 64 × 28², batch 8", ms[2], conv_rate,
             conv_rate / ours_rate, "our product's rate");
  return 0;
}

TrainingRequest first_block(const language::Unit& unit) {
  TrainingRequest request;
  request.name = unit.trains().at(0);
  return request;
}

int bench_step(const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const language::Unit unit = language::load_unit(path, text);
  Compiler compiler = single_thread();
  TrainingProgram program(unit, first_block(unit), compiler);
  const int64_t rows = program.settings().batch;
  ParameterSet parameters = initial_parameters(program);
  InputSource source(program.data());
  const StepFunction function([&](int64_t count) -> Executable& { return program.training(count); },
                              describe_checks(program, parameters, "", [&](int64_t count) {
                                return checked_step(program.graphs(count).training);
                              }));
  BoundStep step(function, rows, source, parameters);
  const std::span<const int64_t> batch = std::span(program.data().training).first(static_cast<size_t>(rows));
  int64_t number = 0;
  const auto body = [&] { step.run(batch, 1, ++number, 1); };
  const std::vector<double> ms = interleave({body}, 101, 3);
  fmt::print("{:.4f}\n", ms[0]);
  return 0;
}

int bench_compile(const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  constexpr int rounds = 5;
  std::vector<double> samples;
  for (int round = 0; round <= rounds; ++round) {
    Compiler compiler = single_thread();
    const language::Unit names = language::load_unit(path, text);
    // The data is opened outside the clock: it belongs to the run.
    TrainingProgram program(names, first_block(names), compiler);
    const Stopwatch watch;
    const language::Unit unit = language::load_unit(path, text);
    program.training(program.settings().batch);
    if (round > 0) samples.push_back(watch.milliseconds());  // the first one initializes LLVM
  }
  fmt::print("{:.1f}\n", median(std::move(samples)));
  return 0;
}

// Loop text of the training step to code that can be called.
int bench_codegen(const std::string& path) {
  std::ifstream file(path);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  const language::Unit unit = language::load_unit(path, text);
  Compiler compiler = single_thread();
  TrainingProgram training(unit, first_block(unit), compiler);
  const loop::Program program = compiler.to_loops(training.graphs(training.settings().batch).training.graph);
  const auto on_threads = [&](int threads) {
    return [&, threads] { compile(program, compiler.options().target, {.threads = threads}); };
  };
  // The best of each: a median would tell how often another program had the second core.
  double alone = std::numeric_limits<double>::infinity(), together = alone;
  for (int round = 0; round < 41; ++round) {
    alone = std::min(alone, milliseconds(on_threads(1), 1));
    together = std::min(together, milliseconds(on_threads(2), 1));
  }
  fmt::print("{} functions: {:.1f} ms on one thread, {:.1f} ms on two: {:.2f} times as fast; {}\n",
             program.functions.size(), alone, together, alone / together, cpu_name());
  return 0;
}

}  // namespace
}  // namespace gradus

int main(int argc, char** argv) {
  try {
    if (argc == 2 && std::strcmp(argv[1], "kernels") == 0) return gradus::bench_kernels();
    if (argc == 3 && std::strcmp(argv[1], "step") == 0) return gradus::bench_step(argv[2]);
    if (argc == 3 && std::strcmp(argv[1], "compile") == 0) return gradus::bench_compile(argv[2]);
    if (argc == 3 && std::strcmp(argv[1], "codegen") == 0) return gradus::bench_codegen(argv[2]);
  } catch (const gradus::Error& error) {
    for (const gradus::Diagnostic& diagnostic : error.diagnostics())
      fmt::print(stderr, "{}", gradus::render(diagnostic));
    return gradus::exit_code(error.kind());
  }
  fmt::print(stderr, "usage: gradus_bench kernels | step FILE | compile FILE | codegen FILE\n");
  return 2;
}
