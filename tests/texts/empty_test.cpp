// Extents of 0 anywhere: refused by a shape rule, or sound in evaluation, passes, lowering and compiled code.
#include <catch2/catch.hpp>
#include <set>

#include "ir/error.h"
#include "ir/evaluate/evaluate.h"
#include "ir/loop/verify.h"
#include "ir/op.h"
#include "ir/text/lexer.h"
#include "passes/load_text.h"
#include "tests/ir/sample_inputs.h"
#include "tests/ir/samples/samples.h"
#include "tests/texts/run_text.h"

using namespace gradus;
using namespace gradus::testing;

namespace {

std::set<std::string> integers_of(const std::string& text) {
  std::set<std::string> found;
  for (const text::Token& token : text::tokenize(text))
    if (token.kind == text::TokenKind::integer && token.text != "0") found.emplace(token.text);
  return found;
}

// The text with 0 in all places of a number.
std::string without(const std::string& text, const std::string& number) {
  std::string out;
  size_t done = 0;
  for (const text::Token& token : text::tokenize(text)) {
    if (token.kind != text::TokenKind::integer || token.text != number) continue;
    const auto at = static_cast<size_t>(token.text.data() - text.data());
    out += text.substr(done, at - done) + "0";
    done = at + number.size();
  }
  return out + text.substr(done);
}

}  // namespace

TEST_CASE("extents of 0 are refused by shape rules, or sound") {
  size_t sound = 0, compiled = 0;
  for (const Op* op : all_ops())
    for (const Sample& sample : samples_of(op->id).good)
      for (const std::string& number : integers_of(sample.text)) {
        const std::string text = without(sample.text, number);
        INFO(text);
        std::optional<Graph> graph;
        try {
          graph = load_graph(text, "empty.gir");
        } catch (const Error& error) {
          CHECK(error.kind() == ErrorKind::program);
          continue;
        }
        CHECK_NOTHROW(evaluate::evaluate<double>(*graph, test::sample_inputs(*graph, sample, 1)));
        std::string loops;
        CHECK_NOTHROW(loops = text_at("loops", text));
        if (loops.empty()) continue;
        ++sound;
        if (sound % 4 != 0) continue;  // making code takes longest
        const TextRun run = run_text(text);
        CHECK(run.message == "");
        ++compiled;
      }
  CHECK(sound > 50);
  CHECK(compiled > 10);
}
