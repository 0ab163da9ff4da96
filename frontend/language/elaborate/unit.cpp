#include "frontend/language/elaborate/unit.h"

#include <algorithm>

namespace gradus::language {

namespace {

size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

std::string closest(std::string_view wanted, const std::vector<std::string>& names) {
  std::string best;
  size_t best_distance = std::max<size_t>(1, wanted.size() / 3) + 1;
  for (const std::string& name : names) {
    const size_t distance = edit_distance(wanted, name);
    if (distance > 0 && distance < best_distance) {
      best_distance = distance;
      best = name;
    }
  }
  return best;
}

const Symbol* UnitImplementation::find(std::string_view name, const SourceFile& file) const {
  if (const auto at = file.visible.find(name); at != file.visible.end()) return at->second;
  const auto at = library.find(name);
  return at == library.end() ? nullptr : at->second;
}

std::vector<std::string> Unit::trains() const {
  std::vector<std::string> names;
  for (const Symbol& symbol : implementation_->trains) names.push_back(symbol.train()->name.text);
  return names;
}

std::vector<std::string> Unit::programs() const {
  std::vector<std::string> names;
  for (const Symbol& symbol : implementation_->programs) names.push_back(symbol.program()->name.text);
  return names;
}

const std::string* Unit::source(const std::string& file) const {
  for (const auto& loaded : implementation_->files)
    if (loaded->tree.name == file) return &loaded->text;
  return nullptr;
}

}  // namespace gradus::language
