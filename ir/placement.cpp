#include "ir/placement.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <charconv>

#include "ir/error.h"
#include "ir/graph.h"

namespace gradus {

namespace {

constexpr std::array<std::string_view, 3> kinds = {"workspace", "result", "input"};  // as Placement::Kind

std::optional<Placement> parse_placement(std::string_view text) {
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    if (!text.starts_with(kinds[kind])) continue;
    std::string_view number = text.substr(kinds[kind].size());
    if (!number.starts_with(' ')) return std::nullopt;
    number.remove_prefix(1);
    Placement place{static_cast<Placement::Kind>(kind), 0};
    const char* end = number.data() + number.size();
    const auto [rest, error] = std::from_chars(number.data(), end, place.at);
    if (error != std::errc() || rest != end || place.at < 0) return std::nullopt;
    return place;
  }
  return std::nullopt;
}

}  // namespace

std::string to_string(const Placement& place) {
  return fmt::format("{} {}", kinds[static_cast<size_t>(place.kind)], place.at);
}

std::string to_string(const std::vector<Placement>& places) {
  std::vector<std::string> words;
  for (const Placement& place : places) words.push_back(to_string(place));
  return fmt::format("{}", fmt::join(words, ", "));
}

std::optional<std::vector<Placement>> parse_placements(std::string_view text) {
  std::vector<Placement> places;
  while (true) {
    const size_t comma = text.find(", ");
    const std::optional<Placement> place = parse_placement(text.substr(0, comma));
    if (!place) return std::nullopt;
    places.push_back(*place);
    if (comma == std::string_view::npos) return places;
    text.remove_prefix(comma + 2);
  }
}

std::vector<Placement> placements(const Node& node, std::string_view attribute) {
  const AttributeValue* text = node.attributes.find(attribute);
  if (!text) return {};
  std::optional<std::vector<Placement>> places = parse_placements(std::get<std::string>(*text));
  if (!places) fail_internal("a place that is none: " + std::get<std::string>(*text));
  return *std::move(places);
}

}  // namespace gradus
