// What `gradus run` does with a text at any stage, on guarded memory.
#pragma once

#include <string>

namespace gradus::testing {

enum class TextOutcome { refused, ran, left_at_bound, too_large, wrong };

struct TextRun {
  TextOutcome outcome = TextOutcome::wrong;
  std::string message;  // why it was refused, or what is wrong
};

// `wrong` is an error that is no diagnostic of the text with its place, or a write outside of a buffer. (A
// read outside ends the process.)
TextRun run_text(const std::string& text);

// The text at another stage: "forward" … "kernels", or "loops".
std::string text_at(const std::string& stage, const std::string& text);

}  // namespace gradus::testing
