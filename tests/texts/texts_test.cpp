// Texts of every stage, mutated: each is refused with its place, or runs within its buffers. In processes of
// their own, so that a crash is a finding and not the end of the test.
//
// GRADUS_TEXT_MUTATIONS: mutants a stage; GRADUS_TEXT_SEED: where their seeds begin; GRADUS_TEXT_FILES: graph
// texts to begin with instead of those below (tests/texts/examples.sh: dumps of the examples). A mutant that
// fails stays as mutated-STAGE-SEED.gir in the working directory.
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "ir/error.h"
#include "ir/loop/expression.h"
#include "ir/loop/text.h"
#include "ir/loop/verify.h"
#include "ir/op.h"
#include "tests/ir/samples/samples.h"
#include "tests/texts/mutate.h"
#include "tests/texts/run_text.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

// A classifier with its optimizer and a check, a recurrent net, both with gradients; else the samples of the
// ops.
constexpr const char* classifier =
    R"(graph @classifier {stage=forward} (%x: f32[6,5], %label: i32[6], param %w: f32[5,4], param %b: f32[4], state %v: f32[5,4], seed %seed: i64[], step %step: i64[]) {
  %0 = dot %x, %w {contract=[1]x[0]} : f32[6,4]
  %1 = broadcast %b {dims=[1], shape=[6,4]} : f32[6,4]
  %2 = add %0, %1 : f32[6,4]
  %3 = tanh %2 : f32[6,4]
  %4 = mark %3 {id=1} : f32[6,4]
  %5 = exp %4 : f32[6,4]
  %6 = sum %5 {axes=[1]} : f32[6]
  %7 = log %6 : f32[6]
  %8:2 = gather %4, %label {batch=1, check=0} : f32[6], i64[]
  %9 = sub %7, %8 : f32[6]
  %10 = sum %9 {axes=[0]} : f32[]
  %11:3 = gradient %10, %w, %b, %4 : f32[5,4], f32[4], f32[6,4]
  %12 = constant {element=f32, shape=[5,4], value=0.9} : f32[5,4]
  %13 = mul %v, %12 : f32[5,4]
  %14 = add %13, %11 : f32[5,4]
  %15 = sub %w, %14 : f32[5,4]
  %16 = sub %b, %11#1 : f32[4]
  %17 = status %8#1 {checks=[0]} : i64[2]
  return loss = %10, slope = %11#2, updates %w = %15, %b = %16, %v = %14, status %17
}
)";
constexpr const char* recurrent =
    R"(graph @recurrent {stage=forward} (%x: f64[7,3,2], %h: f64[3,4], param %w: f64[2,4], param %u: f64[4,4]) {
  %0:3 = scan {carries=1, histories=[0], length=7, reverse=false, sequences=1} (%t, %c = %h, %e = %x, %a = %w, %r = %u) {
    %0 = dot %e, %a {contract=[1]x[0]} : f64[3,4]
    %1 = dot %c, %r {contract=[1]x[0]} : f64[3,4]
    %2 = add %0, %1 : f64[3,4]
    %3 = tanh %2 : f64[3,4]
    %4 = sum %3 {axes=[1]} : f64[3]
    yield %3, %4
  } : f64[3,4], f64[7,3,4], f64[7,3]
  %1 = sum %0#2 {axes=[0,1]} : f64[]
  %2:3 = gradient %1, %w, %u, %h : f64[2,4], f64[4,4], f64[3,4]
  %3 = sub %u, %2#1 : f64[4,4]
  return loss = %1, last = %0, slope = %2#2, updates %u = %3
}
)";

const std::vector<std::string>& seeds() {
  static const std::vector<std::string> list = [] {
    std::vector<std::string> texts;
    std::istringstream files(std::getenv("GRADUS_TEXT_FILES") ? std::getenv("GRADUS_TEXT_FILES") : "");
    for (std::string name; files >> name;) {
      std::ifstream file(name);
      texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    if (!texts.empty()) return texts;
    for (const Op* op : all_ops())
      for (const Sample& sample : samples_of(op->id).good)
        if (op->name != "kernel") texts.push_back(sample.text);
    // As often as all samples together.
    const size_t samples = texts.size();
    for (size_t i = 0; i < samples; ++i) texts.push_back(i % 2 == 0 ? classifier : recurrent);
    return texts;
  }();
  return list;
}

std::string mutant(const std::string& stage, unsigned seed) {
  static std::map<std::pair<std::string, std::string>, std::string> known;
  std::mt19937 random(seed);
  const std::string& text = seeds()[random() % seeds().size()];
  std::string& at_stage = known[{stage, text}];
  if (at_stage.empty()) at_stage = text_at(stage, text);
  return mutate(at_stage, random);
}

unsigned setting(const char* name, unsigned otherwise) {
  const char* text = std::getenv(name);
  return text ? static_cast<unsigned>(std::strtoul(text, nullptr, 10)) : otherwise;
}

// What the processes tell each other.
struct Progress {
  unsigned current;
  unsigned outcomes[5];
};

void keep(const std::string& stage, unsigned seed, const std::string& why) {
  const std::string name = "mutated-" + stage + "-" + std::to_string(seed) + ".gir";
  std::ofstream(name) << mutant(stage, seed);
  std::fprintf(stderr, "%s: %s\n", name.c_str(), why.c_str());
}

constexpr unsigned seconds_each = 60;

// What `run` returns, in a process of its own; -1 if it crashes.
template <class Run>
int status_of(const Run& run) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) _exit(run());
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// Every operation on elements of %x; casts to `result`.
std::vector<std::string> scalar_calls(const std::string& result) {
  std::vector<std::string> calls;
  for (int i = static_cast<int>(loop::ScalarOp::negate); i <= static_cast<int>(loop::ScalarOp::random_bits);
       ++i) {
    const auto op = static_cast<loop::ScalarOp>(i);
    std::string call = std::string(name(op)) + "(";
    for (int k = 0; k < arity(op); ++k) {
      const bool condition = op == loop::ScalarOp::select && k == 0;
      call += (k ? ", " : "") + std::string(condition ? "%x[%i] == %x[0]" : "%x[%i]");
    }
    calls.push_back(call + (op == loop::ScalarOp::cast ? ", " + result + ")" : ")"));
    if (!infix(op).empty()) calls.back() = "%x[%i] " + std::string(infix(op)) + " %x[%i]";
  }
  return calls;
}

bool is_accepted(const std::string& loops) {
  try {
    loop::load_program(loops);
    return true;
  } catch (const Error& error) {
    return error.kind() != ErrorKind::program;
  }
}

[[noreturn]] void work(const std::string& stage, unsigned first, unsigned end, Progress* progress) {
  for (progress->current = first; progress->current < end; ++progress->current) {
    const unsigned seed = progress->current;
    const std::string text = mutant(stage, seed);
    alarm(seconds_each);
    const TextRun run = run_text(text);
    alarm(0);
    if (run.outcome == TextOutcome::wrong) keep(stage, seed, run.message);
    ++progress->outcomes[static_cast<int>(run.outcome)];
  }
  _exit(0);
}

}  // namespace

TEST_CASE("mutated texts of every stage are refused with their place or run within their buffers") {
  const unsigned count = setting("GRADUS_TEXT_MUTATIONS", 60), first = setting("GRADUS_TEXT_SEED", 1);
  auto* progress = static_cast<Progress*>(
      mmap(nullptr, sizeof(Progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  REQUIRE(progress != MAP_FAILED);
  for (const std::string stage : {"forward", "backward", "optimized", "kernels", "loops"}) {
    *progress = {};
    unsigned crashes = 0, endless = 0;
    for (unsigned next = first; next < first + count;) {
      std::fflush(nullptr);
      const pid_t child = fork();
      REQUIRE(child >= 0);
      if (child == 0) work(stage, next, first + count, progress);
      int status = 0;
      REQUIRE(waitpid(child, &status, 0) == child);
      if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
      // A loop of 2^40 steps within its buffers is no mistake of ours.
      const bool too_slow = WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM;
      ++(too_slow ? endless : crashes);
      keep(stage, progress->current, too_slow ? "takes too long" : "crash, status " + std::to_string(status));
      next = progress->current + 1;
    }
    const auto of = [&](TextOutcome outcome) { return progress->outcomes[static_cast<int>(outcome)]; };
    std::printf("%s: %u refused, %u ran, %u left at a bound, %u too large, %u take too long\n", stage.c_str(),
                of(TextOutcome::refused), of(TextOutcome::ran), of(TextOutcome::left_at_bound),
                of(TextOutcome::too_large), endless);
    INFO(stage);
    CHECK(crashes == 0);
    CHECK(of(TextOutcome::wrong) == 0);
    CHECK(of(TextOutcome::refused) > 0);
    CHECK(of(TextOutcome::ran) > 0);
    CHECK(endless <= count / 100);
  }
  munmap(progress, sizeof(Progress));
}

TEST_CASE("texts of every stage lead to the same loops") {
  for (const std::string& text : seeds()) {
    INFO(text);
    const std::string loops = text_at("loops", text);
    for (const std::string stage : {"forward", "backward", "optimized", "kernels"})
      CHECK(text_at("loops", text_at(stage, text)) == loops);
    if (text == recurrent) break;
  }
}

TEST_CASE("what the verifier of loops accepts can be compiled: every operation of every element type") {
  constexpr const char* types[] = {"f32", "f64", "bf16", "f16", "i64", "i32", "i8", "u8", "bool"};
  size_t accepted = 0;
  for (const std::string type : types)
    for (const std::string result : types)
      for (const std::string kind : {"", " vectorized"}) {
        const std::string head = "loops @p workspace 0 (input %x: " + type + "[19], result %y: " + result +
                                 "[19]) {\n  main (read %x: " + type + "[19], write %y: " + result +
                                 "[19]) {\n    for %i in 0..19" + kind + " {\n";
        const std::string tail = "    }\n  }\n}\n";
        std::string body;
        for (const std::string& call : scalar_calls(result)) {
          const std::string statement = "      %y[%i] = " + call + "\n";
          if (!is_accepted(head + statement + tail)) continue;
          body += statement;
          ++accepted;
        }
        if (body.empty()) continue;
        INFO(head + body + tail);
        CHECK(status_of([&] { return run_text(head + body + tail).outcome == TextOutcome::ran ? 0 : 1; }) ==
              0);
      }
  CHECK(accepted > 400);
}

TEST_CASE("the text that GRADUS_TEXT names", "[.]") {
  const char* path = std::getenv("GRADUS_TEXT");
  REQUIRE(path != nullptr);
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const TextRun run = run_text(text);
  std::printf("%d %s\n", static_cast<int>(run.outcome), run.message.c_str());
}
