#include "frontend/language/words.h"

#include <algorithm>

namespace gradus::language {

namespace {

constexpr Keyword reserved[] = {
    {"and"},
    {"or"},
    {"not"},
    {"if", "if condition { … } else { … }"},
    {"else"},
    {"for", "for i in 0..n { … }"},
    {"in"},
    {"scan", "scan x_t in x along 1 with h = initial { … }"},
    {"along"},
    {"by"},
    {"with"},
    {"as"},
    {"over"},
    {"into"},
    {"about"},
    {"within"},
    {"when", "when condition { … }"},
    {"every", "every epoch { … }, every n steps { … }"},
    {"finally", "finally { … }"},
    {"minimize", "minimize loss over paths with optimizer"},
    {"penalty", "penalty expression"},
    {"expect", "expect a == b, expect a about b, … within t"},
    {"print", "print expression, …"},
    {"true"},
    {"false"},
    {"none"},
};
constexpr Keyword statement[] = {
    {"use", "use name = layer(settings)"},
    {"update", "update parameter = expression"},
    {"collect", "collect list = expression"},
    {"data", "data reader(…) -> names"},
    {"input", "input name = expression"},
    {"metric", "metric name = expression"},
    {"load", "load \"file.safetensors\" into path"},
    {"evaluate", "evaluate at expression"},
};
constexpr Keyword definition[] = {
    {"import", "import \"file.gradus\""},
    {"layer", "layer name(parameters) -> result { … }"},
    {"model", "model name(parameters) -> result { … }"},
    {"function", "function name(parameters) = expression"},
    {"optimizer", "optimizer name(settings) { … }"},
    {"train", "train name { … }"},
    {"program", "program name { … }"},
};
}  // namespace

std::span<const Keyword> reserved_words() { return reserved; }
std::span<const Keyword> statement_words() { return statement; }
std::span<const Keyword> definition_words() { return definition; }

const Keyword* find_keyword(std::span<const Keyword> words, std::string_view text) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const Keyword& word) { return word.text == text; });
  return found == words.end() ? nullptr : &*found;
}

}  // namespace gradus::language
