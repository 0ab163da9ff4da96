#include "frontend/driver/train/run_description.h"

#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <string_view>

#include "ir/error.h"
#include "ir/shown_text.h"
#include "runtime/data/checksum.h"
#include "runtime/data/file.h"
#include "runtime/data/json.h"

namespace gradus {

using nlohmann::json;

namespace {

struct Field {
  const char* name;
  std::string RunDescription::* text;
  bool is_new = false;  // files of earlier releases have it not
};
constexpr Field fields[] = {{"file", &RunDescription::file},
                            {"only", &RunDescription::only},
                            {"data", &RunDescription::data},
                            {"precision", &RunDescription::precision},
                            {"checkpoint", &RunDescription::checkpoint},
                            {"initialize", &RunDescription::initialize, true}};

constexpr const char* checksum_key = "crc32";

// JSON holds texts of UTF-8; a name of a file that is none is a list of its bytes.
json as_json(const std::string& text) {
  for (std::string_view rest = text; !rest.empty();) {
    const size_t length = utf8_sequence(rest);
    if (length == 0) {
      json list = json::array();
      for (const std::byte byte : std::as_bytes(std::span(text))) list.push_back(std::to_integer<int>(byte));
      return list;
    }
    rest.remove_prefix(length);
  }
  return text;
}

std::optional<std::string> from_json(const json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_array()) return std::nullopt;
  std::string text;
  for (const json& byte : value) {
    if (!byte.is_number_integer()) return std::nullopt;
    text += static_cast<char>(byte.get<int>());
  }
  return text;
}

std::string checksum_of(const json& object) { return Checksum().add_text(object.dump()).text(); }

std::string path_in(const std::string& folder) { return folder + "/run.json"; }

[[noreturn]] void fail_description(const std::string& path, const std::string& what) {
  fail_program(fmt::format("{}: {}", path, what), {}, "start the run again");
}

std::string source_file(size_t index) {
  return index == 0 ? "program.gradus" : fmt::format("import-{}.gradus", index);
}

void write_text_file(const std::string& path, const std::string& text) {
  write_file_atomically(path, std::vector<ByteView>{std::as_bytes(std::span(text))});
}

// The object of run.json, when its checksum has proved right.
json read_object(const std::string& folder) {
  const std::string path = path_in(folder);
  if (!file_exists(path))
    fail_environment(fmt::format("{}: there is no run (no run.json)", folder), {},
                     "name the folder that `gradus train` wrote to: runs/NAME or that of --output");
  const Bytes bytes = read_file(path);
  json object = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, 4, path);
  if (!object.is_object()) fail_description(path, "not a JSON object");
  // Files of earlier releases have none.
  if (const auto found = object.find(checksum_key); found != object.end()) {
    const json checksum = *found;
    object.erase(found);
    if (checksum != checksum_of(object)) fail_description(path, "the file is damaged: its checksum differs");
  }
  return object;
}

}  // namespace

bool is_run_folder(const std::string& path) { return file_exists(path_in(path)); }

void write_run_description(const std::string& folder, const RunDescription& run) {
  json object = json::object();
  for (const Field& field : fields) object[field.name] = as_json(run.*field.text);
  object["settings"] = json::array();
  for (const std::string& setting : run.settings) object["settings"].push_back(as_json(setting));
  object["sources"] = json::array();
  for (size_t i = 0; i < run.sources.size(); ++i) {
    object["sources"].push_back(
        {{"path", as_json(run.sources[i].path)}, {"crc32", Checksum().add_text(run.sources[i].text).text()}});
    write_text_file(folder + "/" + source_file(i), run.sources[i].text);
  }
  object[checksum_key] = checksum_of(object);
  write_text_file(path_in(folder), object.dump(2) + "\n");
}

RunDescription read_run_description(const std::string& folder) {
  const std::string path = path_in(folder);
  const json object = read_object(folder);
  const auto fail = [&](const std::string& what) { fail_description(path, what); };
  RunDescription run;
  for (const Field& field : fields) {
    const auto found = object.find(field.name);
    if (field.is_new && found == object.end()) continue;
    const std::optional<std::string> text = found == object.end() ? std::nullopt : from_json(*found);
    if (!text) fail(fmt::format("'{}' must be a text", field.name));
    run.*field.text = *text;
  }
  const auto settings = object.find("settings");
  if (settings == object.end() || !settings->is_array()) fail("'settings' must be a list");
  for (const json& setting : *settings) {
    const std::optional<std::string> text = from_json(setting);
    if (!text) fail("'settings' must be a list of texts");
    run.settings.push_back(*text);
  }
  return run;
}

void remove_run(const std::string& folder) {
  namespace files = std::filesystem;
  if (!is_run_folder(folder)) return;
  std::vector<std::string> owned;
  std::error_code error;
  for (files::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.starts_with("fold-"))
      for (const char* file : {"/checkpoint.safetensors", "/best.safetensors", "/resume.safetensors"})
        owned.push_back(at->path().string() + file);
    if (name.ends_with(".safetensors") || name == "history.csv" || name == "folds.csv")
      owned.push_back(at->path().string());
  }
  for (const std::string& file : owned)
    if (file_exists(file)) remove_file(file);
}

std::vector<RunSource> read_run_sources(const std::string& folder) {
  const std::string path = path_in(folder);
  const json object = read_object(folder);
  std::vector<RunSource> sources;
  const auto list = object.find("sources");
  if (list == object.end()) return sources;
  if (!list->is_array()) fail_description(path, "'sources' must be a list");
  for (const json& each : *list) {
    if (!each.is_object() || !each.contains("path") || !each.contains("crc32"))
      fail_description(path, "'sources' must be a list of files");
    const std::optional<std::string> name = from_json(each.at("path"));
    if (!name) fail_description(path, "'path' must be a text");
    const std::string file = folder + "/" + source_file(sources.size());
    const Bytes bytes = read_file(file);
    sources.push_back({*name, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
    if (each.at("crc32") != Checksum().add_text(sources.back().text).text())
      fail_program(fmt::format("{}: not the text that the run was started with", file), {},
                   "the file is damaged, or was edited: a run keeps its own copy of the program");
  }
  return sources;
}

}  // namespace gradus
