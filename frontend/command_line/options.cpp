#include "frontend/command_line/options.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "frontend/language/elaborate/block_forms.h"
#include "ir/shown_text.h"
#include "ir/text/suggest.h"

namespace gradus::command_line {

namespace {

const CLI::App& chosen_command(const CLI::App& app) {
  const std::vector<CLI::App*> commands = app.get_subcommands();
  return commands.empty() ? app : *commands.front();
}

std::string full_name(const CLI::App& command) {
  return command.get_parent() ? fmt::format("{} {}", command.get_parent()->get_name(), command.get_name())
                              : command.get_name();
}

std::string hint_of(const CLI::App& command) {
  return fmt::format("`{} --help` tells the {}", full_name(command),
                     command.get_parent() ? "options" : "commands");
}

// The setting of train blocks that somebody wanted who wrote this option; empty if there is none.
std::string setting_meant(const CLI::App& command, const std::string& option) {
  if (!command.get_option_no_throw("--set")) return "";
  std::string name = option.substr(std::min(option.find_first_not_of('-'), option.size()));
  std::replace(name.begin(), name.end(), '-', '_');
  for (const language::TrainSetting& setting : language::train_settings())
    if (setting.name == name || name == std::string(setting.name) + "_size") return std::string(setting.name);
  return "";
}

// "--epochs=5" and what else CLI11 could not place.
Diagnostic unexpected(const CLI::App& command) {
  const std::vector<std::string> rest = command.remaining();
  const auto at = std::find_if(rest.begin(), rest.end(),
                               [](const std::string& word) { return word.size() > 1 && word[0] == '-'; });
  Diagnostic diagnostic;
  diagnostic.hint = hint_of(command);
  if (at == rest.end()) {
    const std::string word = rest.empty() ? "" : rest.front();
    diagnostic.message = command.get_parent()
                             ? fmt::format("{} takes no further argument {}", full_name(command), shown(word))
                             : fmt::format("there is no command {}", shown(word));
    std::vector<std::string_view> names;
    for (const CLI::App* each : command.get_subcommands([](const CLI::App*) { return true; }))
      names.push_back(each->get_name());
    if (const std::string near = did_you_mean(word, names); !near.empty()) diagnostic.hint = near;
    return diagnostic;
  }
  const std::string name = at->substr(0, at->find('='));
  std::vector<std::string> options;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& each : option->get_lnames()) options.push_back("--" + each);
  diagnostic.message = fmt::format("{} has no option {}", full_name(command), shown(name));
  const std::vector<std::string_view> names(options.begin(), options.end());
  if (const std::string near = did_you_mean(name, names); !near.empty()) diagnostic.hint = near;
  if (const std::string setting = setting_meant(command, name); !setting.empty()) {
    const std::string value = at->size() > name.size()      ? at->substr(name.size() + 1)
                              : std::next(at) != rest.end() ? *std::next(at)
                                                            : "…";
    diagnostic.hint =
        fmt::format("settings of a program are changed by --set {}={}", setting, printable_message(value));
  }
  return diagnostic;
}

}  // namespace

CLI::Validator one_of(std::vector<std::string> words) {
  const std::string list = fmt::format("{}", fmt::join(words, ", "));
  const auto check = [words = std::move(words), list](std::string& value) -> std::string {
    if (std::find(words.begin(), words.end(), value) != words.end()) return {};
    return fmt::format("expected one of {}; found {}", list, shown(value));
  };
  return {check, "{" + list + "}"};
}

CLI::Validator whole_number(int64_t least, int64_t most, std::string word) {
  const std::string range =
      (most == INT64_MAX ? fmt::format("at least {}", least) : fmt::format("from {} to {}", least, most)) +
      (word.empty() ? "" : " or " + word);
  const auto check = [least, most, range, word = std::move(word)](std::string& value) -> std::string {
    if (!word.empty() && value == word) return {};
    int64_t number = 0;
    const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
    if (read.ec == std::errc() && read.ptr == value.data() + value.size() && number >= least &&
        number <= most)
      return {};
    return fmt::format("expected a whole number {}, found {}", range, shown(value));
  };
  return {check, range};
}

void refuse_empty_values(CLI::App& command) {
  const auto check = [](std::string& value) -> std::string {
    return value.empty() ? "expected a value, found ''" : "";
  };
  for (CLI::Option* option : command.get_options())
    if (option->get_items_expected_max() > 0) option->check(CLI::Validator(check, ""));
}

Diagnostic misused(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& command = chosen_command(app);
  Diagnostic diagnostic;
  diagnostic.hint = hint_of(command);
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) return unexpected(command);
  if (dynamic_cast<const CLI::RequiredError*>(&error)) {
    if (!command.get_parent()) {
      if (!command.remaining().empty()) return unexpected(command);
      diagnostic.message = "which command?";
      return diagnostic;
    }
    for (const CLI::Option* option : command.get_options())
      if (option->get_required() && option->count() == 0)
        diagnostic.message = fmt::format("{} needs a {}", full_name(command), option->get_name());
    return diagnostic;
  }
  diagnostic.message = error.what();
  // "--only: 1 required TEXT missing", "quiet was given a disallowed flag override"
  if (dynamic_cast<const CLI::ArgumentMismatch*>(&error)) {
    std::string name = diagnostic.message.substr(0, diagnostic.message.find_first_of(": "));
    if (!name.starts_with('-')) name = "--" + name;
    const CLI::Option* option = command.get_option_no_throw(name);
    const bool is_flag = option != nullptr && option->get_items_expected_max() == 0;
    diagnostic.message = name + (is_flag ? " takes no value" : " needs a value");
  }
  return diagnostic;
}

void refuse(const CLI::App& command, std::initializer_list<std::string_view> options,
            std::string_view where) {
  for (const std::string_view name : options) {
    const CLI::Option* option = command.get_option(std::string(name));
    if (option->count() > 0)
      fail_program(fmt::format("{} means nothing for {}", name, where), {}, "leave it away");
  }
}

}  // namespace gradus::command_line
