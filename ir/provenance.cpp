#include "ir/provenance.h"

#include <fmt/format.h>

#include "ir/text/lexer.h"

namespace gradus {

Origin Origin::source(std::vector<Place> chain) {
  Origin origin;
  origin.chain = std::move(chain);
  return origin;
}

Origin Origin::rule(std::string op, int64_t operand, uint32_t of) {
  Origin origin;
  origin.kind = Kind::rule;
  origin.name = std::move(op);
  origin.operand = operand;
  origin.of = of;
  return origin;
}

Origin Origin::pass(std::string name, uint32_t of) {
  Origin origin;
  origin.kind = Kind::pass;
  origin.name = std::move(name);
  origin.of = of;
  return origin;
}

std::string to_string(const Origin& origin) {
  if (origin.kind == Origin::Kind::source) {
    std::string out;
    for (const Origin::Place& place : origin.chain)
      out += fmt::format("{}{}({}:{}:{})", out.empty() ? "" : " > ", text::spell_at_name(place.scope),
                         text::quoted(place.span.file), place.span.line, place.span.column);
    return out;
  }
  const bool rule = origin.kind == Origin::Kind::rule;
  std::string out = (rule ? "@rule(" : "@pass(") + text::spell_pass_name(origin.name);
  if (rule && origin.operand >= 0) out += fmt::format(", operand {}", origin.operand);
  if (origin.of != Origin::no_value) out += fmt::format(", of %{}", origin.of);
  return out + ")";
}

const Origin* find_source(const Origins& origins) {
  for (const Origin& origin : origins)
    if (origin.kind == Origin::Kind::source) return &origin;
  return nullptr;
}

SourceSpan place_of(const Origins& origins) {
  const Origin* source = find_source(origins);
  return source ? source->chain.front().span : SourceSpan{};
}

const Origin* find_rule(const Origins& origins, uint32_t id) {
  for (const Origin& origin : origins)
    if (origin.kind == Origin::Kind::rule && origin.of < id) return &origin;
  return nullptr;
}

}  // namespace gradus
