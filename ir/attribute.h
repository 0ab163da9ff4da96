// Attributes: the static part of a node, named and ordered, part of the hash-cons key.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ir/type.h"

namespace gradus {

// Pairs of axes of a contraction, printed `[1]x[0]`: axis `left[i]` of the first operand meets `right[i]`.
struct AxisPairs {
  std::vector<int64_t> left;
  std::vector<int64_t> right;
  friend bool operator==(const AxisPairs&, const AxisPairs&) = default;
};

using AttributeValue = std::variant<bool, int64_t, double, std::string, ElementType, std::vector<int64_t>,
                                    std::vector<double>, AxisPairs>;

// A map from name to value, kept sorted by name. Floating-point values compare by their bits, so that -0
// differs from +0 and a NaN equals itself. Entries never change: nodes share them, through all passes, and
// each is hashed once, so that the values of a large constant are neither copied nor looked at again.
class Attributes {
  struct Stored;

 public:
  using Entry = std::pair<std::string, AttributeValue>;

  class Iterator {
   public:
    explicit Iterator(const std::shared_ptr<const Stored>* at) : at_(at) {}
    inline const Entry& operator*() const;
    Iterator& operator++() {
      ++at_;
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const std::shared_ptr<const Stored>* at_;
  };

  Attributes() = default;
  Attributes(std::initializer_list<Entry> entries);

  void set(std::string name, AttributeValue value);
  void erase(std::string_view name);
  const AttributeValue* find(std::string_view name) const;  // null if absent
  // The same, to be kept beyond the life of the attributes.
  std::shared_ptr<const AttributeValue> shared(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }

  // The value of a type that the verifier has checked already, or a default where the attribute is absent.
  int64_t integer(std::string_view name) const;
  int64_t integer_or(std::string_view name, int64_t otherwise) const;
  bool flag(std::string_view name) const;  // false if absent
  const std::string& text(std::string_view name) const;
  const std::vector<int64_t>& integers(std::string_view name) const;
  std::vector<int64_t> integers_or(std::string_view name, std::vector<int64_t> otherwise) const;
  ElementType element_type(std::string_view name) const;
  const AxisPairs* axis_pairs(std::string_view name) const;  // null if absent

  bool empty() const { return entries_.empty(); }
  Iterator begin() const { return Iterator(entries_.data()); }
  Iterator end() const { return Iterator(entries_.data() + entries_.size()); }
  size_t hash() const;
  friend bool operator==(const Attributes& a, const Attributes& b);

 private:
  struct Stored {
    Entry entry;
    size_t hash = 0;
  };
  using Entries = std::vector<std::shared_ptr<const Stored>>;
  Entries::const_iterator position(std::string_view name) const;
  const Stored* stored(std::string_view name) const;

  Entries entries_;
};

inline const Attributes::Entry& Attributes::Iterator::operator*() const { return (*at_)->entry; }

bool equal_bits(const AttributeValue& a, const AttributeValue& b);
// `3`, `2.5`, `true`, `"text"`, `f32`, `[1,2]`, `[0.5,1]`, `[1]x[0]`. A double always shows a point,
// exponent, `inf` or `nan`, so that it parses back as a double; it prints the shortest digits that give the
// same bits.
std::string to_string(const AttributeValue& value);
std::string to_string(double value);

}  // namespace gradus
