// gradus new: a program to begin with.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "frontend/command_line/command.h"
#include "frontend/templates/templates.h"
#include "ir/shown_text.h"
#include "runtime/data/file.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::string name;
  std::string wanted = "classifier";
};

// "gan" of "templates/gan.gradus"
std::string stem(std::string_view name) { return std::filesystem::path(name).stem().string(); }

// Those that are programs, by name.
std::vector<std::string> template_names() {
  std::vector<std::string> names;
  for (const templates::Text& text : templates::texts())
    if (text.name.ends_with(".gradus")) names.push_back(stem(text.name));
  return names;
}

std::string filled_in(std::string_view text, const std::string& name) {
  constexpr std::string_view place = "{name}";
  std::string out;
  for (size_t at = text.find(place); at != std::string_view::npos; at = text.find(place)) {
    out += text.substr(0, at);
    out += name;
    text.remove_prefix(at + place.size());
  }
  return out += text;
}

// It becomes the name of files, and stands in strings of the program.
void require_good_name(const std::string& name) {
  const std::string file = std::filesystem::path(name).filename().string();
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  if (file.empty() || file.front() == '-' || !std::all_of(file.begin(), file.end(), good))
    fail_program(fmt::format("{} is no name for a program", shown(name)), {},
                 "letters, digits, `_` and `-`: gradus new digits");
}

int write_program(const Options& options, Sources& sources) {
  namespace fs = std::filesystem;
  std::string name = options.name;
  if (name.ends_with(".gradus")) name.resize(name.size() - std::string_view(".gradus").size());
  require_good_name(name);
  std::vector<std::pair<std::string, std::string>> files;
  for (const templates::Text& text : templates::texts())
    if (stem(text.name) == options.wanted)
      files.emplace_back(name + fs::path(text.name).extension().string(),
                         filled_in(text.text, fs::path(name).filename().string()));
  for (const auto& [file, text] : files)
    if (std::error_code ignored; fs::exists(fs::symlink_status(file, ignored)))
      fail_program(fmt::format("'{}' exists already", file), {},
                   "nothing is written over: choose another name");
  for (const auto& [file, text] : files) write_text(file, text);
  std::string list;
  for (const auto& [file, text] : files) list += (list.empty() ? "" : " and ") + file;
  const std::string program = name + ".gradus";
  sources.note(fmt::format("wrote {}; next:", list));
  fmt::print("gradus train {}\n", program);
  return success;
}

}  // namespace

Action set_up_new(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("NAME", options->name, "the program is written to NAME.gradus, which must not exist")
      ->required();
  app.add_option("--template", options->wanted, "what it begins with")
      ->capture_default_str()
      ->check(one_of(template_names()));
  return [options](Sources& sources) { return write_program(*options, sources); };
}

}  // namespace gradus::command_line
