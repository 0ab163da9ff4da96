#include "frontend/driver/run_description.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "ir/error.h"
#include "runtime/data/file.h"

namespace gradus {

using nlohmann::ordered_json;

namespace {

struct Field {
  const char* name;
  std::string RunDescription::* text;
};
constexpr Field fields[] = {{"file", &RunDescription::file},
                            {"only", &RunDescription::only},
                            {"data", &RunDescription::data},
                            {"precision", &RunDescription::precision},
                            {"checkpoint", &RunDescription::checkpoint}};

std::string path_in(const std::string& folder) { return folder + "/run.json"; }

}  // namespace

void write_run_description(const std::string& folder, const RunDescription& run) {
  create_folder(folder);
  ordered_json object = ordered_json::object();
  for (const Field& field : fields) object[field.name] = run.*field.text;
  object["settings"] = run.settings;
  // Names of files need not be UTF-8.
  const std::string text = object.dump(2, ' ', false, ordered_json::error_handler_t::replace) + "\n";
  write_file_atomically(path_in(folder), std::vector<ByteView>{std::as_bytes(std::span(text))});
}

RunDescription read_run_description(const std::string& folder) {
  const std::string path = path_in(folder);
  if (!file_exists(path))
    fail_environment(fmt::format("{}: there is no run to resume (no run.json)", folder), {},
                     "name the folder that `gradus train` wrote to: runs/NAME or that of --output");
  const Bytes bytes = read_file(path);
  const auto* begin = reinterpret_cast<const char*>(bytes.data());
  // Deep nesting would exhaust the stack; a description has two levels.
  const auto shallow = [](int depth, ordered_json::parse_event_t, ordered_json&) { return depth <= 2; };
  const ordered_json object = ordered_json::parse(begin, begin + bytes.size(), shallow, false);
  const auto fail = [&](const std::string& what) {
    fail_program(fmt::format("{}: {}", path, what), {}, "start the run again");
  };
  if (!object.is_object()) fail("not a JSON object");
  RunDescription run;
  for (const Field& field : fields) {
    const auto found = object.find(field.name);
    if (found == object.end() || !found->is_string()) fail(fmt::format("'{}' must be a text", field.name));
    run.*field.text = found->get<std::string>();
  }
  const auto settings = object.find("settings");
  if (settings == object.end() || !settings->is_array()) fail("'settings' must be a list");
  for (const ordered_json& setting : *settings) {
    if (!setting.is_string()) fail("'settings' must be a list of texts");
    run.settings.push_back(setting.get<std::string>());
  }
  return run;
}

}  // namespace gradus
