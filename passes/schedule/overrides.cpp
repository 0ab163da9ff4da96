#include "passes/schedule/overrides.h"

#include <fmt/format.h>

namespace gradus {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

ScheduleOverrides parse_overrides(std::string_view text, const std::string& file) {
  ScheduleOverrides overrides;
  uint32_t number = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    const std::string_view content = trimmed(line.substr(0, line.find('#')));
    if (content.empty()) continue;
    const auto column = static_cast<uint32_t>(content.data() - line.data()) + 1;
    const SourceSpan span{file, number, column, column + static_cast<uint32_t>(content.size())};
    const size_t colon = content.find(':');
    if (colon == std::string_view::npos)
      fail_program("expected the name of a kernel, ':' and its schedule", span,
                   "`gradus explain` prints such lines, as 'dot_5c1e22aa: tile 4x32 block 8'");
    const auto [it, fresh] =
        overrides.emplace(std::string(trimmed(content.substr(0, colon))),
                          ScheduleOverride{std::string(trimmed(content.substr(colon + 1))), span});
    if (!fresh)
      fail_program(
          fmt::format("a second schedule of '{}', the first is in line {}", it->first, it->second.span.line),
          span);
  }
  return overrides;
}

}  // namespace gradus
