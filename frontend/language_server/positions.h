// Places of a text as the protocol has them: lines and UTF-16 code units, from 0.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "frontend/language_server/protocol.h"
#include "ir/error.h"

namespace gradus::language_server {

struct Position {
  size_t line = 0;
  size_t character = 0;
  friend auto operator<=>(const Position&, const Position&) = default;
};

struct Range {
  Position start;
  Position end;
};

// Of a text that outlives it.
class Lines {
 public:
  explicit Lines(std::string_view text);

  size_t offset(Position position) const;  // in bytes; what lies outside is moved to the nearest place
  Position position(size_t offset) const;
  // Lines and columns (bytes) from 1, as diagnostics have them.
  Position position(size_t line, size_t column) const;
  Range range(const SourceSpan& span) const;
  Range everything() const { return {{}, position(text_.size())}; }

 private:
  std::string_view line(size_t number) const;

  std::string_view text_;
  std::vector<size_t> starts_;
};

Position position_of(const Json& json);  // ProtocolError if it is none
Range range_of(const Json& json);
Json to_json(Position position);
Json to_json(const Range& range);

}  // namespace gradus::language_server
