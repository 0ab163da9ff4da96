#include "frontend/driver/data/arguments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "ir/shown_text.h"
#include "ir/text/suggest.h"

namespace gradus {

using language::Setting;
using language::SettingCall;

namespace {

std::vector<std::string> names_of(const std::vector<std::pair<std::string, std::string>>& paths) {
  std::vector<std::string> names;
  for (const auto& [name, path] : paths) names.push_back(name);
  return names;
}

}  // namespace

std::optional<double> number_of(const Setting& setting) {
  if (const auto* number = std::get_if<int64_t>(&setting.value)) return static_cast<double>(*number);
  if (const auto* number = std::get_if<double>(&setting.value)) return *number;
  return std::nullopt;
}

const ColumnForm* DataContext::form(size_t column) const {
  return known && column < columns.size() ? known->find(columns[column]) : nullptr;
}

DataArguments::DataArguments(const SettingCall& call, const std::vector<std::string_view>& accepted,
                             size_t positional, DataContext context)
    : call_(call), context_(std::move(context)) {
  size_t places = 0;
  for (const SettingCall::Argument& argument : call.arguments) {
    if (argument.name.empty()) {
      if (++places > positional)
        fail_program(positional == 0 ? fmt::format("{} takes named arguments only", call.name)
                                     : fmt::format("{} takes {} argument{} without a name", call.name,
                                                   positional, positional == 1 ? "" : "s"),
                     argument.span, fmt::format("by name it takes {}", fmt::join(accepted, ", ")));
      continue;
    }
    if (std::find(accepted.begin(), accepted.end(), argument.name) == accepted.end())
      fail_program(fmt::format("{} has no argument '{}'", call.name, argument.name), argument.span,
                   accepted.empty() ? "" : fmt::format("it takes {}", fmt::join(accepted, ", ")));
  }
}

void DataArguments::fail(const std::string& message, const std::string& hint) const {
  fail_program(fmt::format("{}: {}", call_.name, message), call_.span, hint);
}

bool DataArguments::has(std::string_view name) const {
  const Setting* setting = call_.find(name);
  return setting && !std::holds_alternative<std::monostate>(setting->value);
}

bool DataArguments::flag(std::string_view name, bool otherwise) const {
  if (!has(name)) return otherwise;
  if (const bool* value = std::get_if<bool>(&call_.find(name)->value)) return *value;
  fail(fmt::format("'{}' must be true or false", name));
}

bool is_preparation(const SettingCall::Argument& argument) {
  return std::find(std::begin(preparation_steps), std::end(preparation_steps), argument.name) !=
             std::end(preparation_steps) &&
         !std::holds_alternative<std::vector<Setting>>(argument.value.value) &&
         !std::holds_alternative<std::string>(argument.value.value);
}

bool DataArguments::prepares(std::string_view step) const {
  for (const SettingCall::Argument& argument : call_.arguments)
    if (argument.name == step && is_preparation(argument))
      return std::holds_alternative<int64_t>(argument.value.value) || flag(step);
  return false;
}

std::optional<double> DataArguments::number(std::string_view name) const {
  if (!has(name)) return std::nullopt;
  const std::optional<double> value = number_of(*call_.find(name));
  if (!value) fail(fmt::format("'{}' must be a number", name));
  return value;
}

double DataArguments::fraction(std::string_view name) const {
  const std::optional<double> value = number(name);
  if (value && !(*value >= 0 && *value < 1))
    fail(fmt::format("'{}' is {}; it must be a fraction from 0 to below 1", name, shown_number(*value)));
  return value.value_or(0);
}

std::optional<int64_t> DataArguments::whole(std::string_view name, int64_t least, int64_t most) const {
  if (!has(name)) return std::nullopt;
  const auto* value = std::get_if<int64_t>(&call_.find(name)->value);
  if (!value || *value < least || *value > most)
    fail(fmt::format("'{}' must be a whole number from {} to {}", name, least, most));
  return *value;
}

std::string DataArguments::word(std::string_view name) const {
  if (!has(name)) return {};
  if (const auto* text = std::get_if<std::string>(&call_.find(name)->value)) return *text;
  if (const auto* text = std::get_if<language::Word>(&call_.find(name)->value)) return text->text;
  fail(fmt::format("'{}' must be a word", name));
}

std::vector<std::string> DataArguments::strings() const {
  if (!context_.files.empty()) return context_.files;
  std::vector<std::string> strings;
  for (const SettingCall::Argument& argument : call_.arguments) {
    if (!argument.name.empty()) continue;
    const auto* text = std::get_if<std::string>(&argument.value.value);
    if (!text) fail_program(fmt::format("{}: a string is expected here", call_.name), argument.span);
    strings.push_back(*text);
  }
  return strings;
}

std::string DataArguments::path() const {
  const std::vector<std::string> all = strings();
  if (all.empty())
    fail("the name of a file or folder is missing", fmt::format("for example {}(\"name\")", call_.name));
  return path(all.front());
}

std::vector<std::pair<std::string, std::string>> DataArguments::string_arguments() const {
  std::vector<std::pair<std::string, std::string>> found;
  for (const SettingCall::Argument& argument : call_.arguments)
    if (const auto* file = std::get_if<std::string>(&argument.value.value))
      found.emplace_back(argument.name, *file);
  return found;
}

std::vector<std::pair<std::string, std::string>> DataArguments::named_paths() const {
  std::vector<std::pair<std::string, std::string>> paths;
  const auto arguments = string_arguments();
  for (size_t i = 0; i < arguments.size(); ++i)
    if (is_used(i)) paths.emplace_back(arguments[i].first, path(arguments[i].second));
  if (context_.files.empty()) return paths;
  const bool alone = paths.size() == 1 && context_.files.size() == 1;
  if (alone && context_.files.front().find('=') == std::string::npos)
    return {{paths.front().first, context_.files.front()}};
  std::map<std::string, std::string> given = given_paths();
  for (auto& [name, file] : paths) {
    const auto found = given.find(name);
    if (found == given.end())
      fail(fmt::format("there is no file for column '{}'", name),
           fmt::format("name it: --data {}=FILE", name));
    file = found->second;
    given.erase(found);
  }
  if (!given.empty())
    fail(fmt::format("'{}' is no column that is read", given.begin()->first),
         fmt::format("they are {}", fmt::join(names_of(paths), ", ")));
  return paths;
}

std::vector<std::pair<std::string, std::string>> DataArguments::labelled_paths() const {
  std::vector<std::pair<std::string, std::string>> paths = string_arguments();
  if (context_.files.empty()) {
    for (auto& [name, file] : paths) file = path(file);
    return paths;
  }
  const std::map<std::string, std::string> given = given_paths();
  const std::vector<std::string> classes = names_of(paths);
  for (const auto& [name, file] : given)
    if (std::find(classes.begin(), classes.end(), name) == classes.end())
      fail(fmt::format("there is no class '{}'", name), fmt::format("they are {}", fmt::join(classes, ", ")));
  std::erase_if(paths, [&](const auto& each) { return !given.contains(each.first); });
  for (auto& [name, file] : paths) file = given.at(name);
  return paths;
}

std::map<std::string, std::string> DataArguments::given_paths() const {
  std::map<std::string, std::string> given;
  for (const std::string& file : context_.files) {
    const size_t equals = file.find('=');
    if (equals == std::string::npos)
      fail(fmt::format("it is not said what {} holds", file), fmt::format("name it: --data NAME={}", file));
    if (!given.emplace(file.substr(0, equals), file.substr(equals + 1)).second)
      fail(fmt::format("there are two files for '{}'", file.substr(0, equals)));
  }
  return given;
}

std::string DataArguments::path(const std::string& name) const {
  if (!context_.files.empty()) return name;
  if (name.empty()) fail("the name of the file is empty");
  if (name.find('\0') != std::string::npos) fail("the name of the file holds a zero byte");
  const std::filesystem::path program(call_.span.file);
  return (program.parent_path() / name).string();
}

}  // namespace gradus
