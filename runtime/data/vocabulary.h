// Texts as ids.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/data/data_set.h"

namespace gradus {

// The distinct texts in the order of their ids: by number if all are whole numbers, otherwise by their bytes.
std::vector<std::string> label_classes(std::span<const std::string> texts);

// Words of sentences. Ids 0 … 3 are reserved; the others go by frequency, among equals by the words' bytes.
class WordIds {
 public:
  static constexpr int32_t padding = 0, start = 1, end = 2, unknown = 3;
  static constexpr std::string_view padding_text = "<padding>";

  WordIds() = default;
  // Those of a model, as `entries` gave them.
  explicit WordIds(std::vector<std::string> entries);

  void count(std::string_view word) { ++counts_[std::string(word)]; }
  // Fixes the ids; at most `most` of them, the reserved ones included.
  void number(int64_t most);
  int32_t id(std::string_view word) const;  // `unknown` for a word that has none
  const std::vector<std::string>& entries() const { return entries_; }

 private:
  std::map<std::string, int64_t, std::less<>> counts_;
  std::map<std::string, int32_t, std::less<>> ids_;
  std::vector<std::string> entries_;
};

// The vocabularies of all columns that have one, as JSON: {"column": ["text of id 0", …]}; empty if there is
// none.
std::string vocabularies_as_json(const DataSet& data);

}  // namespace gradus
