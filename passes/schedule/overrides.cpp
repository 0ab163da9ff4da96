#include "passes/schedule/overrides.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus {

namespace {

constexpr std::string_view example =
    "`gradus explain` prints such lines, as 'dot_5c1e22aa: tile 4x32 block 8'";

// Of a file that holds something else.
constexpr size_t most_errors = 20;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

ScheduleOverrides parse_overrides(std::string_view text, const std::string& file) {
  ScheduleOverrides overrides;
  std::vector<Diagnostic> errors;
  uint32_t number = 0;
  while (!text.empty() && errors.size() < most_errors) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    const std::string_view content = trimmed(line.substr(0, line.find('#')));
    if (content.empty()) continue;
    const auto column = static_cast<uint32_t>(content.data() - line.data()) + 1;
    const SourceSpan span{file, number, column, column + static_cast<uint32_t>(content.size())};
    const auto fail = [&](std::string message, std::string hint = {}) {
      errors.push_back({Severity::error, std::move(message), span, {}, std::move(hint)});
    };
    const size_t colon = content.find(':');
    const std::string name(trimmed(content.substr(0, colon)));
    const std::string_view schedule =
        colon == std::string_view::npos ? std::string_view() : trimmed(content.substr(colon + 1));
    if (name.empty() || schedule.empty()) {
      fail("expected the name of a kernel, ':' and its schedule", std::string(example));
      continue;
    }
    const auto [it, fresh] = overrides.emplace(name, ScheduleOverride{std::string(schedule), span});
    if (!fresh)
      fail(fmt::format("a second schedule of '{}', the first is in line {}", name, it->second.span.line));
  }
  if (errors.empty() && overrides.empty())
    errors.push_back(
        {Severity::error, "no line of this file is a schedule", {file, 1, 1, 2}, {}, std::string(example)});
  if (!errors.empty()) throw Error(ErrorKind::program, std::move(errors));
  return overrides;
}

std::vector<Diagnostic> unused_overrides(const ScheduleOverrides& overrides) {
  std::vector<Diagnostic> warnings;
  for (const auto& [name, given] : overrides)
    if (!given.used)
      warnings.push_back(
          {Severity::warning,
           fmt::format("no kernel that was compiled is called '{}'", name),
           given.span,
           {},
           "`gradus explain` prints the names; what was not compiled here has no use for them, and a kernel "
           "whose body or types change has another one"});
  std::sort(warnings.begin(), warnings.end(),
            [](const Diagnostic& a, const Diagnostic& b) { return a.span.line < b.span.line; });
  if (warnings.size() > most_errors) {
    const size_t more = warnings.size() - most_errors;
    warnings.resize(most_errors);
    warnings.back().notes.push_back({fmt::format("and {} other lines", more), {}});
  }
  return warnings;
}

}  // namespace gradus
