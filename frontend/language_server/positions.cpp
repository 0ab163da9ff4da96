#include "frontend/language_server/positions.h"

#include <algorithm>

#include "ir/shown_text.h"

namespace gradus::language_server {

namespace {

struct Step {
  size_t bytes = 1;
  size_t units = 1;
};

// A character at the start of a text that is not empty; a byte that is no UTF-8 is one.
Step step_of(std::string_view text) {
  const size_t bytes = std::max<size_t>(utf8_sequence(text), 1);
  return {bytes, bytes == 4 ? size_t{2} : size_t{1}};
}

size_t units_of(std::string_view text) {
  size_t units = 0;
  while (!text.empty()) {
    const Step step = step_of(text);
    units += step.units;
    text.remove_prefix(step.bytes);
  }
  return units;
}

// A place in the middle of a character is its start.
size_t bytes_of(std::string_view text, size_t units) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    const Step step = step_of(text.substr(bytes));
    if (step.units > units) break;
    units -= step.units;
    bytes += step.bytes;
  }
  return bytes;
}

size_t natural(const Json& object, const char* name) {
  const int64_t value = integer_member(object, name);
  if (value < 0) throw ProtocolError(ErrorCode::invalid_parameters, "a negative place");
  return static_cast<size_t>(value);
}

}  // namespace

// A byte order mark stands before the first line.
Lines::Lines(std::string_view text) : text_(text), starts_{text.starts_with("\xEF\xBB\xBF") ? size_t{3} : 0} {
  for (size_t i = 0; i < text.size(); ++i)
    if (text[i] == '\n') starts_.push_back(i + 1);
}

// Without its end.
std::string_view Lines::line(size_t number) const {
  const size_t end = number + 1 < starts_.size() ? starts_[number + 1] - 1 : text_.size();
  std::string_view line = text_.substr(starts_[number], end - starts_[number]);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

size_t Lines::offset(Position position) const {
  if (position.line >= starts_.size()) return text_.size();
  return starts_[position.line] + bytes_of(line(position.line), position.character);
}

Position Lines::position(size_t offset) const {
  const auto next = std::upper_bound(starts_.begin(), starts_.end(), offset);
  const size_t number = static_cast<size_t>(next - starts_.begin()) - 1;
  return {number, units_of(line(number).substr(0, offset - starts_[number]))};
}

Position Lines::position(size_t line_number, size_t column) const {
  if (line_number == 0) return {};
  const size_t number = std::min(line_number, starts_.size()) - 1;
  return {number, units_of(line(number).substr(0, column == 0 ? 0 : column - 1))};
}

Range Lines::range(const SourceSpan& span) const {
  const Position start = position(span.line, span.column);
  return {start, std::max(start, position(span.line, span.end_column))};
}

Position position_of(const Json& json) { return {natural(json, "line"), natural(json, "character")}; }

Range range_of(const Json& json) {
  const Range range{position_of(member(json, "start")), position_of(member(json, "end"))};
  if (range.end < range.start)
    throw ProtocolError(ErrorCode::invalid_parameters, "a range ends before it starts");
  return range;
}

Json to_json(Position position) { return {{"line", position.line}, {"character", position.character}}; }

Json to_json(const Range& range) { return {{"start", to_json(range.start)}, {"end", to_json(range.end)}}; }

}  // namespace gradus::language_server
