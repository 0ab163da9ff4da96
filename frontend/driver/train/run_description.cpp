#include "frontend/driver/train/run_description.h"

#include <fmt/format.h>

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

}  // namespace

void write_run_description(const std::string& folder, const RunDescription& run) {
  json object = json::object();
  for (const Field& field : fields) object[field.name] = as_json(run.*field.text);
  object["settings"] = json::array();
  for (const std::string& setting : run.settings) object["settings"].push_back(as_json(setting));
  object[checksum_key] = checksum_of(object);
  const std::string text = object.dump(2) + "\n";
  write_file_atomically(path_in(folder), std::vector<ByteView>{std::as_bytes(std::span(text))});
}

RunDescription read_run_description(const std::string& folder) {
  const std::string path = path_in(folder);
  if (!file_exists(path))
    fail_environment(fmt::format("{}: there is no run to resume (no run.json)", folder), {},
                     "name the folder that `gradus train` wrote to: runs/NAME or that of --output");
  const Bytes bytes = read_file(path);
  json object = parse_json({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, 3, path);
  const auto fail = [&](const std::string& what) {
    fail_program(fmt::format("{}: {}", path, what), {}, "start the run again");
  };
  if (!object.is_object()) fail("not a JSON object");
  // Files of earlier releases have none.
  if (const auto found = object.find(checksum_key); found != object.end()) {
    const json checksum = *found;
    object.erase(found);
    if (checksum != checksum_of(object)) fail("the file is damaged: its checksum differs");
  }
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

}  // namespace gradus
