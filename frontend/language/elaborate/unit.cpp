#include "frontend/language/elaborate/unit.h"

#include <fmt/format.h>

#include "frontend/language/habits.h"
#include "ir/text/suggest.h"

namespace gradus::language {

std::string closest(std::string_view wanted, const std::vector<std::string>& names) {
  std::vector<std::string_view> others;
  for (const std::string& name : names)
    if (name != wanted) others.push_back(name);
  return nearest(wanted, others);
}

std::string argument_hint(std::string_view wanted, const std::vector<std::string>& names,
                          std::string_view signature) {
  if (std::string habit = habit_of_argument(wanted, names); !habit.empty()) return habit;
  const std::string near = closest(wanted, names);
  return near.empty() ? fmt::format("it is {}", signature) : fmt::format("did you mean `{}`?", near);
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

std::vector<std::string> Unit::files() const {
  std::vector<std::string> names;
  for (const auto& loaded : implementation_->files)
    if (!loaded->library) names.push_back(loaded->tree.name);
  return names;
}

const std::string* Unit::source(const std::string& file) const {
  for (const auto& loaded : implementation_->files)
    if (loaded->tree.name == file) return &loaded->text;
  return nullptr;
}

}  // namespace gradus::language
