#include "ir/attribute.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>

#include "ir/error.h"
#include "ir/shown_text.h"

namespace gradus {

namespace {

template <class T>
const T& expect(const Attributes& attributes, std::string_view name) {
  const AttributeValue* value = attributes.find(name);
  if (!value || !std::holds_alternative<T>(*value))
    fail_internal(fmt::format("attribute '{}' is missing or of another type", name));
  return std::get<T>(*value);
}

void mix(size_t& seed, size_t value) { seed ^= value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2); }

struct Hash {
  size_t& seed;
  void operator()(bool v) const { mix(seed, v); }
  void operator()(int64_t v) const { mix(seed, std::hash<int64_t>{}(v)); }
  void operator()(double v) const { mix(seed, std::bit_cast<uint64_t>(v)); }
  void operator()(const std::string& v) const { mix(seed, std::hash<std::string>{}(v)); }
  void operator()(ElementType v) const { mix(seed, static_cast<size_t>(v)); }
  void operator()(const AxisPairs& v) const {
    (*this)(v.left);
    (*this)(v.right);
  }
  template <class T>
  void operator()(const std::vector<T>& v) const {
    mix(seed, v.size());
    for (const T& x : v) (*this)(x);
  }
};

bool equal_bits(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](double x, double y) {
    return std::bit_cast<uint64_t>(x) == std::bit_cast<uint64_t>(y);
  });
}

}  // namespace

Attributes::Attributes(std::initializer_list<Entry> entries) {
  for (const Entry& entry : entries) set(entry.first, entry.second);
}

Attributes::Entries::const_iterator Attributes::position(std::string_view name) const {
  return std::lower_bound(entries_.begin(), entries_.end(), name,
                          [](const std::shared_ptr<const Stored>& known, std::string_view key) {
                            return known->entry.first < key;
                          });
}

const Attributes::Stored* Attributes::stored(std::string_view name) const {
  const auto it = position(name);
  return it != entries_.end() && (*it)->entry.first == name ? it->get() : nullptr;
}

void Attributes::set(std::string name, AttributeValue value) {
  size_t hash = 0;
  mix(hash, std::hash<std::string>{}(name));
  mix(hash, value.index());
  std::visit(Hash{hash}, value);
  const auto it = position(name);
  const bool replaces = it != entries_.end() && (*it)->entry.first == name;
  auto made = std::make_shared<const Stored>(Stored{{std::move(name), std::move(value)}, hash});
  if (replaces)
    entries_[static_cast<size_t>(it - entries_.begin())] = std::move(made);
  else
    entries_.insert(it, std::move(made));
}

void Attributes::erase(std::string_view name) {
  if (stored(name)) entries_.erase(position(name));
}

const AttributeValue* Attributes::find(std::string_view name) const {
  const Stored* known = stored(name);
  return known ? &known->entry.second : nullptr;
}

std::shared_ptr<const AttributeValue> Attributes::shared(std::string_view name) const {
  const auto it = position(name);
  if (it == entries_.end() || (*it)->entry.first != name) return nullptr;
  return {*it, &(*it)->entry.second};
}

int64_t Attributes::integer(std::string_view name) const { return expect<int64_t>(*this, name); }

int64_t Attributes::integer_or(std::string_view name, int64_t otherwise) const {
  return has(name) ? integer(name) : otherwise;
}

bool Attributes::flag(std::string_view name) const { return has(name) && expect<bool>(*this, name); }

const std::string& Attributes::text(std::string_view name) const { return expect<std::string>(*this, name); }

const std::vector<int64_t>& Attributes::integers(std::string_view name) const {
  return expect<std::vector<int64_t>>(*this, name);
}

std::vector<int64_t> Attributes::integers_or(std::string_view name, std::vector<int64_t> otherwise) const {
  return has(name) ? integers(name) : otherwise;
}

ElementType Attributes::element_type(std::string_view name) const { return expect<ElementType>(*this, name); }

const AxisPairs* Attributes::axis_pairs(std::string_view name) const {
  return has(name) ? &expect<AxisPairs>(*this, name) : nullptr;
}

size_t Attributes::hash() const {
  size_t seed = entries_.size();
  for (const auto& known : entries_) mix(seed, known->hash);
  return seed;
}

bool operator==(const Attributes& a, const Attributes& b) {
  return std::equal(a.entries_.begin(), a.entries_.end(), b.entries_.begin(), b.entries_.end(),
                    [](const auto& x, const auto& y) {
                      return x == y || (x->hash == y->hash && x->entry.first == y->entry.first &&
                                        equal_bits(x->entry.second, y->entry.second));
                    });
}

bool equal_bits(const AttributeValue& a, const AttributeValue& b) {
  if (a.index() != b.index()) return false;
  if (const double* x = std::get_if<double>(&a))
    return std::bit_cast<uint64_t>(*x) == std::bit_cast<uint64_t>(std::get<double>(b));
  if (const auto* x = std::get_if<std::vector<double>>(&a))
    return equal_bits(*x, std::get<std::vector<double>>(b));
  return a == b;
}

std::string to_string(double value) {
  std::string text = shown_number(value);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string to_string(const AttributeValue& value) {
  struct Print {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(int64_t v) const { return fmt::format("{}", v); }
    std::string operator()(double v) const { return to_string(v); }
    std::string operator()(ElementType v) const { return std::string(name(v)); }
    std::string operator()(const std::vector<int64_t>& v) const {
      return fmt::format("[{}]", fmt::join(v, ","));
    }
    std::string operator()(const AxisPairs& v) const { return (*this)(v.left) + "x" + (*this)(v.right); }
    std::string operator()(const std::vector<double>& v) const {
      std::string out = "[";
      for (size_t i = 0; i < v.size(); ++i) out += (i ? "," : "") + to_string(v[i]);
      return out + "]";
    }
    std::string operator()(const std::string& v) const {
      std::string out = "\"";
      for (char c : v) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\n')
          out += "\\n";
        else
          out += c;
      }
      return out + "\"";
    }
  };
  return std::visit(Print{}, value);
}

}  // namespace gradus
