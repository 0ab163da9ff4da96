#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "frontend/command_line/command.h"
#include "frontend/command_line/words.h"
#include "frontend/driver/analysis/summary.h"
#include "frontend/driver/data/open_data.h"
#include "frontend/language/elaborate/catalog.h"
#include "frontend/language/elaborate/unit.h"

namespace gradus::command_line {

namespace {

using language::Catalog;
using language::CatalogEntry;

struct Options {
  std::vector<std::string> names;  // [FILE] [NAME]
  bool json = false;
  bool markdown = false;
  bool words = false;
  std::vector<std::string> settings;
  std::string data;
};

// "library/activations.gradus": activations
std::string subject(const std::string& file) {
  const size_t slash = file.rfind('/');
  const std::string name = slash == std::string::npos ? file : file.substr(slash + 1);
  return name.substr(0, name.rfind(".gradus"));
}

// The first sentence, or as much of it as a line holds.
std::string first_sentence(const std::string& documentation, size_t width) {
  std::string text = documentation.substr(0, documentation.find(". "));
  for (char& c : text)
    if (c == '\n') c = ' ';
  while (!text.empty() && (text.back() == ' ' || text.back() == '.')) text.pop_back();
  if (text.size() <= width) return text;
  size_t end = text.rfind(' ', width - 1);
  if (end == std::string::npos) end = width - 1;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole characters
  return text.substr(0, end) + " …";
}

std::string listing(const Catalog& catalog, bool kinds) {
  std::string out = subject(catalog.file) + "\n";
  for (const CatalogEntry& entry : catalog.entries)
    out += fmt::format("  {:<34}{}\n", kinds ? entry.kind + " " + entry.name : entry.name,
                       first_sentence(entry.documentation, 84));
  return out;
}

std::string list_library() {
  std::string out;
  for (const Catalog& catalog : language::library_catalogs()) out += listing(catalog, false) + "\n";
  out += "built in\n";
  std::string line = " ";
  for (const language::BuiltinSignature& builtin : language::builtin_signatures()) {
    if (line.size() + builtin.name.size() + 1 > 110) {
      out += line + "\n";
      line = " ";
    }
    line += " " + builtin.name;
  }
  return out + line + "\n";
}

std::string commented(const std::string& documentation) {
  std::string out;
  for (size_t start = 0; start < documentation.size();) {
    const size_t end = std::min(documentation.find('\n', start), documentation.size());
    out += end == start ? "#\n" : "# " + documentation.substr(start, end - start) + "\n";
    start = end + 1;
  }
  return out;
}

std::string definition(const CatalogEntry& entry) { return commented(entry.documentation) + entry.text; }

nlohmann::json to_json(const CatalogEntry& entry, const std::string& file) {
  return {{"name", entry.name},
          {"kind", entry.kind},
          {"signature", entry.signature},
          {"documentation", entry.documentation},
          {"text", entry.text},
          {"file", file},
          {"line", entry.line}};
}

nlohmann::json to_json(const Catalog& catalog) {
  nlohmann::json list = nlohmann::json::array();
  for (const CatalogEntry& entry : catalog.entries) list.push_back(to_json(entry, catalog.file));
  return list;
}

std::string library_page() {
  std::string out =
      "# Standard library\n\n"
      "Written by `gradus show --markdown` from the texts in [`frontend/library`](../frontend/library). "
      "`gradus show NAME` prints one definition.\nWhat is built in stands in "
      "[language.md](language.md#built-in-functions).\n";
  for (const Catalog& catalog : language::library_catalogs()) {
    std::string title = subject(catalog.file);
    title[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(title[0])));
    out += fmt::format("\n## {}\n", title);
    if (!catalog.introduction.empty()) out += "\n" + catalog.introduction;
    for (const CatalogEntry& entry : catalog.entries)
      out += fmt::format("\n### {}\n\n```\n{}```\n", entry.name, definition(entry));
  }
  return out;
}

int show_library_name(const std::string& name, const Options& options) {
  std::vector<std::string> names;
  for (const Catalog& catalog : language::library_catalogs()) {
    if (const CatalogEntry* entry = catalog.find(name)) {
      write_text("-", options.json ? json_text(to_json(*entry, catalog.file)) : definition(*entry));
      return success;
    }
    for (const CatalogEntry& entry : catalog.entries) names.push_back(entry.name);
  }
  for (const language::BuiltinSignature& builtin : language::builtin_signatures()) {
    if (builtin.name == name) {
      write_text("-",
                 options.json
                     ? json_text({{"name", name}, {"kind", "built in"}, {"signature", builtin.signature}})
                     : fmt::format("{}: built in, see \"Built-in functions\" in docs/language.md\n",
                                   builtin.signature));
      return success;
    }
    names.push_back(builtin.name);
  }
  const std::string near = language::closest(name, names);
  fail_program(fmt::format("the library has nothing called '{}'", name), {},
               near.empty() ? "`gradus show` lists it all" : fmt::format("did you mean `{}`?", near));
}

int show_library(const Options& options) {
  if (options.markdown) {
    write_text("-", library_page());
  } else if (options.json) {
    nlohmann::json list = nlohmann::json::array();
    for (const Catalog& catalog : language::library_catalogs())
      for (nlohmann::json& entry : to_json(catalog)) list.push_back(std::move(entry));
    write_text("-", json_text(list));
  } else {
    write_text("-", list_library());
  }
  return success;
}

nlohmann::json to_json(const Summary& summary) {
  nlohmann::json layers = nlohmann::json::array();
  for (const SummaryRow& row : summary.rows) {
    nlohmann::json outputs = nlohmann::json::array();
    for (const Type& type : row.outputs) outputs.push_back(to_string(type));
    layers.push_back({{"path", row.path},
                      {"kind", row.kind},
                      {"outputs", outputs},
                      {"parameters", row.parameters},
                      {"state", row.state}});
  }
  return {{"name", summary.name},
          {"layers", layers},
          {"parameters", summary.parameters},
          {"state", summary.state},
          {"optimizer", summary.optimizer},
          {"bytes", summary.bytes}};
}

// The layers of a train block, for its own data and batch size.
Summary summary_of_block(const language::Unit& unit, const std::string& name, const Options& options) {
  language::TrainOptions train;
  train.overrides = split_settings(options.settings);
  const language::TrainSettings settings = language::elaborate_settings(unit, name, train);
  const DataSet data = open_data(settings, {options.data, train.precision, 0, {}});
  train.columns = columns_of(data.preparation, settings);
  const language::TrainProgram program = language::elaborate_train(unit, name, train);
  return summarize(name, program.layers, program.storage);
}

// Of a model or layer that no block trains; nothing if sizes of its inputs are open.
std::optional<Summary> summary_of_model(const language::Unit& unit, const std::string& name,
                                        const Options& options, const Sources& sources) {
  language::TrainOptions train;
  train.overrides = split_settings(options.settings);
  const language::ModelProgram program = language::elaborate_model(unit, name, train);
  if (program.open_sizes.empty()) return summarize(name, program.layers, program.storage);
  std::string settings;
  for (const std::string& size : program.open_sizes) settings += fmt::format(" --set {}=…", size);
  sources.note(fmt::format("for the table of its layers, {} needs{}", name, settings));
  return std::nullopt;
}

// A block is asked for by its own name, or by that of the model that it trains.
std::optional<Summary> summary_of(const language::Unit& unit, const Catalog& catalog,
                                  const CatalogEntry& entry, const Options& options, const Sources& sources) {
  for (const CatalogEntry& each : catalog.entries)
    if (each.kind == "train" && each.name == entry.name) return summary_of_block(unit, each.name, options);
  if (entry.kind == "model" || entry.kind == "layer")
    return summary_of_model(unit, entry.name, options, sources);
  return std::nullopt;
}

// Tables of all train blocks, then what else the file defines.
int show_whole_file(const language::Unit& unit, const Catalog& catalog, const Options& options) {
  std::string out;
  nlohmann::json summaries = nlohmann::json::array();
  for (const std::string& block : unit.trains()) {
    const Summary summary = summary_of_block(unit, block, options);
    out += summary_table(summary) + "\n";
    summaries.push_back(to_json(summary));
  }
  write_text("-", options.json ? json_text({{"definitions", to_json(catalog)}, {"summaries", summaries}})
                               : out + listing(catalog, true));
  return success;
}

int show_file(const std::string& file, const std::string& name, const Options& options, Sources& sources,
              const CLI::App& app) {
  const language::Unit unit = language::load_unit(file, sources.read(file), sources.reader());
  sources.add_unit(unit);
  const Catalog catalog = language::user_catalog(unit);
  if (name.empty()) {
    if (unit.trains().empty()) refuse(app, {"--data", "--set"}, "a file without a train block");
    return show_whole_file(unit, catalog, options);
  }
  const CatalogEntry* entry = catalog.find(name);
  if (!entry) {
    std::vector<std::string> names;
    for (const CatalogEntry& each : catalog.entries) names.push_back(each.name);
    const std::string near = language::closest(name, names);
    fail_program(fmt::format("'{}' has nothing called '{}'", file, name), {},
                 near.empty() ? fmt::format("`gradus show {}` lists it all", file)
                              : fmt::format("did you mean `{}`?", near));
  }
  const bool trained =
      std::any_of(catalog.entries.begin(), catalog.entries.end(),
                  [&](const CatalogEntry& each) { return each.kind == "train" && each.name == entry->name; });
  if (!trained) refuse(app, {"--data"}, "what no train block trains");
  if (!trained && entry->kind != "model" && entry->kind != "layer")
    refuse(app, {"--set"}, "a " + entry->kind);
  const std::optional<Summary> summary = summary_of(unit, catalog, *entry, options, sources);
  if (options.json) {
    nlohmann::json json = to_json(*entry, file);
    if (summary) json["summary"] = to_json(*summary);
    write_text("-", json_text(json));
  } else {
    write_text("-", definition(*entry) + (summary ? "\n" + summary_table(*summary) : ""));
  }
  return success;
}

}  // namespace

Action set_up_show(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option(
         "NAME", options->names,
         "a name of the library; or a model text (.gradus, - is standard input) and, if wanted, a name in it")
      ->expected(0, 2);
  app.add_option("--set", options->settings,
                 "a setting, or a size of an input that the text leaves open: --set time=16")
      ->allow_extra_args(false);
  app.add_option("--data", options->data, "NPZ file that replaces the program's data, columns by name");
  app.add_flag("--json", options->json, "as JSON");
  app.add_flag("--words", options->words,
               "the words of the language by kind, as JSON: what editors highlight");
  app.add_flag("--markdown", options->markdown, "the whole library as the page docs/library.md");
  return [options, &app](Sources& sources) {
    const std::vector<std::string>& names = options->names;
    // None is possible, so that CLI11 does not ask what an empty one is.
    if (std::find(names.begin(), names.end(), "") != names.end())
      fail_program("NAME: expected a value, found ''", {}, "`gradus show --help` tells the options");
    if (options->words) {
      refuse(app, {"NAME", "--json", "--set", "--data", "--markdown"}, "--words, which tells them all");
      write_text("-", json_text(language_words()));
      return success;
    }
    if (options->markdown)
      refuse(app, {"NAME", "--json", "--set", "--data"}, "--markdown, the page of the library");
    const bool file = !names.empty() && (names[0] == "-" || names[0].ends_with(".gradus"));
    if (!file) refuse(app, {"--set", "--data"}, "the library");
    if (names.empty()) return show_library(*options);
    if (file) return show_file(names[0], names.size() > 1 ? names[1] : "", *options, sources, app);
    if (names.size() > 1)
      fail_program(fmt::format("'{}' is not a model text", names[0]), {},
                   "gradus show FILE.gradus NAME, or gradus show NAME of the library");
    return show_library_name(names[0], *options);
  };
}

}  // namespace gradus::command_line
