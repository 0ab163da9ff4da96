// Errors and diagnostics, shared by every folder.
//
// Three kinds of failure exist and each has its own exit code:
//   program      the user's text, data or flags are wrong          exit 2
//   environment  the machine refused (missing file, full disk …)   exit 3
//   internal     a bug in Gradus                                   exit 70
// (Exit 0 is success, exit 1 means that an `expect` or a check did not hold.)
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace gradus {

// A place in a text. Lines and columns count from 1; line 0 means "no place". `end_column` is exclusive.
struct SourceSpan {
  std::string file;
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t end_column = 0;

  bool known() const { return line != 0; }
  friend bool operator==(const SourceSpan&, const SourceSpan&) = default;
};

enum class Severity { error, warning };

// One finding: what was found and expected goes into `message`; notes say where each part came from.
struct Diagnostic {
  struct Note {
    std::string message;
    SourceSpan span;
  };
  Severity severity = Severity::error;
  std::string message;
  SourceSpan span;
  std::vector<Note> notes;
  std::string hint;
};

enum class ErrorKind { program, environment, internal };

// Carries one or more diagnostics to the command line, which renders them (`render`).
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, std::vector<Diagnostic> diagnostics);
  ErrorKind kind() const { return kind_; }
  const std::vector<Diagnostic>& diagnostics() const { return diagnostics_; }

 private:
  ErrorKind kind_;
  std::vector<Diagnostic> diagnostics_;
};

[[noreturn]] void fail_program(std::string message, SourceSpan span = {}, std::string hint = {});
[[noreturn]] void fail_environment(std::string message, SourceSpan span = {}, std::string hint = {});
[[noreturn]] void fail_internal(std::string message);

int exit_code(ErrorKind kind);

// Renders like a modern compiler: headline, place, the source line with a caret if the file's text is at hand
// (`source` maps a file name to its text; null where there is none), notes, hint.
using SourceLookup = const std::string* (*)(const void* context, const std::string& file);
std::string render(const Diagnostic& diagnostic, SourceLookup lookup = nullptr, const void* context = nullptr,
                   bool color = false);

}  // namespace gradus
