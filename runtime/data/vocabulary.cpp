#include "runtime/data/vocabulary.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

namespace gradus {

namespace {

std::optional<int64_t> whole_number(const std::string& text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::vector<std::string> label_classes(std::span<const std::string> texts) {
  const std::set<std::string> distinct(texts.begin(), texts.end());
  std::vector<std::string> classes(distinct.begin(), distinct.end());
  if (std::all_of(classes.begin(), classes.end(), [](const auto& text) { return whole_number(text); }))
    std::stable_sort(classes.begin(), classes.end(),
                     [](const auto& a, const auto& b) { return *whole_number(a) < *whole_number(b); });
  return classes;
}

WordIds::WordIds(std::vector<std::string> entries) : entries_(std::move(entries)) {
  for (size_t i = unknown + 1; i < entries_.size(); ++i) ids_.emplace(entries_[i], static_cast<int32_t>(i));
}

void WordIds::number(int64_t most) {
  std::vector<std::pair<std::string, int64_t>> words(counts_.begin(), counts_.end());
  std::stable_sort(words.begin(), words.end(),
                   [](const auto& a, const auto& b) { return a.second > b.second; });
  entries_ = {std::string(padding_text), "<start>", "<end>", "<unknown>"};
  for (auto& [word, count] : words) {
    if (static_cast<int64_t>(entries_.size()) >= most) break;
    ids_.emplace(word, static_cast<int32_t>(entries_.size()));
    entries_.push_back(std::move(word));
  }
  counts_.clear();
}

int32_t WordIds::id(std::string_view word) const {
  const auto found = ids_.find(word);
  return found == ids_.end() ? unknown : found->second;
}

std::string vocabularies_as_json(const DataSet& data) {
  nlohmann::ordered_json all = nlohmann::ordered_json::object();
  for (const Column& column : data.columns)
    if (!column.vocabulary.empty()) all[column.name] = column.vocabulary;
  return all.empty() ? "" : all.dump(1) + "\n";
}

}  // namespace gradus
