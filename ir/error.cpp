#include "ir/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "ir/shown_text.h"

namespace gradus {

namespace {

std::string summarize(const std::vector<Diagnostic>& diagnostics) {
  return diagnostics.empty() ? "error" : diagnostics.front().message;
}

std::string_view line_of(const std::string& text, uint32_t line) {
  std::string_view rest = text;
  for (uint32_t i = 1; i < line; ++i) {
    const size_t end = rest.find('\n');
    if (end == std::string_view::npos) return {};
    rest.remove_prefix(end + 1);
  }
  return rest.substr(0, rest.find('\n'));
}

std::string place(const SourceSpan& span) {
  return fmt::format("{}:{}:{}", printable(span.file), span.line, span.column);
}

void render_excerpt(std::string& out, const SourceSpan& span, std::string_view line) {
  constexpr size_t widest = 160;
  if (line.empty() || line.size() > widest) return;
  const size_t start = std::min<size_t>(span.column > 0 ? span.column - 1 : 0, line.size());
  const size_t end = std::clamp<size_t>(span.end_column > 0 ? span.end_column - 1 : 0, start + 1,
                                        std::max(line.size(), start + 1));
  std::string text, padding, carets;
  for (size_t i = 0; i < line.size();) {
    const size_t length = std::max<size_t>(utf8_sequence(line.substr(i)), 1);
    const bool tab = line[i] == '\t';  // kept: it stands in the line of the carets as well
    const std::string character = tab ? "\t" : printable(line.substr(i, length));
    // A character is one column, an escape as many as it has bytes.
    const size_t columns = character == line.substr(i, length) ? 1 : character.size();
    text += character;
    if (i + length <= start)
      padding += tab ? "\t" : std::string(columns, ' ');
    else if (i < end)
      carets += std::string(columns, '^');
    i += length;
  }
  if (carets.empty()) carets = "^";
  out += fmt::format("{:>4} | {}\n     | {}{}\n", span.line, text, padding, carets);
}

}  // namespace

Error::Error(ErrorKind kind, std::vector<Diagnostic> diagnostics)
    : std::runtime_error(summarize(diagnostics)), kind_(kind), diagnostics_(std::move(diagnostics)) {}

void fail_program(std::string message, SourceSpan span, std::string hint) {
  throw Error(ErrorKind::program,
              {Diagnostic{Severity::error, std::move(message), std::move(span), {}, std::move(hint)}});
}

void fail_environment(std::string message, SourceSpan span, std::string hint) {
  throw Error(ErrorKind::environment,
              {Diagnostic{Severity::error, std::move(message), std::move(span), {}, std::move(hint)}});
}

void fail_internal(std::string message) {
  throw Error(
      ErrorKind::internal,
      {Diagnostic{Severity::error,
                  "internal: " + message,
                  {},
                  {},
                  "this is a bug in Gradus; please report it with the model text and the command line"}});
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::program:
      return 2;
    case ErrorKind::environment:
      return 3;
    case ErrorKind::internal:
      return 70;
  }
  return 70;
}

std::string render(const Diagnostic& diagnostic, SourceLookup lookup, const void* context, bool color) {
  const bool error = diagnostic.severity == Severity::error;
  const char* label = error ? "error" : "warning";
  const std::string message = printable_message(diagnostic.message);
  std::string out =
      color ? fmt::format("\x1b[1;{}m{}:\x1b[0m \x1b[1m{}\x1b[0m\n", error ? 31 : 35, label, message)
            : fmt::format("{}: {}\n", label, message);
  if (diagnostic.span.known()) {
    out += fmt::format("  --> {}\n", place(diagnostic.span));
    const std::string* text = lookup ? lookup(context, diagnostic.span.file) : nullptr;
    if (text) render_excerpt(out, diagnostic.span, line_of(*text, diagnostic.span.line));
  } else if (!diagnostic.span.file.empty()) {
    out += fmt::format("  --> {}\n", printable(diagnostic.span.file));
  }
  for (const auto& note : diagnostic.notes) {
    out += fmt::format("  note: {}", printable_message(note.message));
    if (note.span.known()) out += fmt::format(" ({})", place(note.span));
    out += '\n';
  }
  if (!diagnostic.hint.empty()) out += fmt::format("  hint: {}\n", printable_message(diagnostic.hint));
  return out;
}

}  // namespace gradus
