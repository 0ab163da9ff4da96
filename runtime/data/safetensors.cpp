#include "runtime/data/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "ir/error.h"
#include "runtime/data/little_endian.h"

namespace gradus {

namespace {

using nlohmann::json;

constexpr uint64_t most_header_bytes = 100'000'000;  // the limit of the format

struct TypeName {
  std::string_view text;
  ElementType element;
};
constexpr TypeName type_names[] = {
    {"F32", ElementType::f32}, {"F64", ElementType::f64}, {"BF16", ElementType::bf16},
    {"F16", ElementType::f16}, {"I64", ElementType::i64}, {"I32", ElementType::i32},
    {"I8", ElementType::i8},   {"U8", ElementType::u8},   {"BOOL", ElementType::boolean},
};

std::string_view type_name(ElementType element) {
  for (const TypeName& known : type_names)
    if (known.element == element) return known.text;
  return {};
}

struct Entry {
  std::string name;
  Type type;
  uint64_t begin = 0, end = 0;
};

class Reader {
 public:
  Reader(ByteView file, const std::string& name) : file_(file), name_(name) {}

  Safetensors read() {
    const json header = parse_header();
    Safetensors result;
    std::vector<Entry> entries;
    for (const auto& [key, value] : header.items()) {
      if (key == "__metadata__")
        result.metadata = metadata(value);
      else
        entries.push_back(entry(key, value));
    }
    // Empty tensors share their offset with a neighbour and come first.
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
    });
    check_coverage(entries);
    for (Entry& entry : entries) result.tensors.push_back({entry.name, load(entry)});
    return result;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    fail_program(fmt::format("{}: not a valid safetensors file: {}", name_, message));
  }

  json parse_header() {
    if (file_.size() < 8) fail("it is too short");
    const uint64_t length = load_little_endian<uint64_t>(file_, 0);
    if (length > most_header_bytes) fail(fmt::format("a header of {} bytes", length));
    if (length > file_.size() - 8) fail("the header is truncated");
    const auto* begin = reinterpret_cast<const char*>(file_.data()) + 8;
    if (length == 0 || *begin != '{') fail("the header does not start with '{'");
    data_ = file_.subspan(8 + length);
    bool too_deep = false;
    std::optional<std::string> duplicate;
    std::vector<std::set<std::string>> keys(4);
    // The library keeps the last of two equal keys silently; a file that says two things is rejected.
    const auto watch = [&](int depth, json::parse_event_t event, json& parsed) {
      if (depth > 3) too_deep = true;
      if (too_deep) return false;
      const auto level = static_cast<size_t>(depth);
      if (event == json::parse_event_t::object_start && level + 1 < keys.size()) keys[level + 1].clear();
      if (event == json::parse_event_t::key && !keys[level].insert(parsed.get<std::string>()).second)
        duplicate = parsed.get<std::string>();
      return true;
    };
    json header = json::parse(begin, begin + length, watch, false);
    if (too_deep) fail("the header is nested too deeply");
    if (header.is_discarded() || !header.is_object()) fail("the header is not JSON");
    if (duplicate) fail(fmt::format("'{}' appears twice", *duplicate));
    return header;
  }

  Metadata metadata(const json& value) const {
    if (!value.is_object()) fail("'__metadata__' is not a map");
    Metadata result;
    for (const auto& [key, text] : value.items()) {
      if (!text.is_string()) fail(fmt::format("metadata '{}' is not a string", key));
      result[key] = text.get<std::string>();
    }
    return result;
  }

  Entry entry(const std::string& key, const json& value) const {
    if (!value.is_object() || value.size() != 3 || !value.contains("dtype") || !value.contains("shape") ||
        !value.contains("data_offsets"))
      fail(fmt::format("'{}' must have dtype, shape and data_offsets", key));
    Entry entry;
    entry.name = key;
    entry.type.element = element(key, value["dtype"]);
    entry.type.shape = shape(key, value["shape"]);
    const json& offsets = value["data_offsets"];
    if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
        !offsets[1].is_number_unsigned())
      fail(fmt::format("data_offsets of '{}' are not two numbers", key));
    entry.begin = offsets[0].get<uint64_t>();
    entry.end = offsets[1].get<uint64_t>();
    if (entry.begin > entry.end || entry.end > data_.size())
      fail(fmt::format("'{}' lies at {}..{} of {} bytes (is the file truncated?)", key, entry.begin,
                       entry.end, data_.size()));
    if (entry.end - entry.begin != static_cast<uint64_t>(size_in_bytes(entry.type)))
      fail(fmt::format("'{}' is {} but has {} bytes", key, to_string(entry.type), entry.end - entry.begin));
    return entry;
  }

  ElementType element(const std::string& key, const json& value) const {
    if (!value.is_string()) fail(fmt::format("dtype of '{}' is not a string", key));
    const auto& text = value.get_ref<const std::string&>();
    for (const TypeName& known : type_names)
      if (known.text == text) return known.element;
    fail(fmt::format("element type '{}' of '{}' is not supported", text, key));
  }

  Shape shape(const std::string& key, const json& value) const {
    if (!value.is_array() || value.size() > 32)
      fail(fmt::format("shape of '{}' is not a list of numbers", key));
    Shape shape;
    for (const json& extent : value) {
      if (!extent.is_number_unsigned() || extent.get<uint64_t>() > (uint64_t{1} << 48))
        fail(fmt::format("shape of '{}' is not a list of sizes", key));
      shape.push_back(static_cast<int64_t>(extent.get<uint64_t>()));
    }
    if (!checked_element_count(shape)) fail(fmt::format("shape of '{}' is too large", key));
    return shape;
  }

  void check_coverage(const std::vector<Entry>& entries) const {
    uint64_t covered = 0;
    for (const Entry& entry : entries) {
      if (entry.begin < covered) fail(fmt::format("'{}' overlaps another tensor", entry.name));
      if (entry.begin > covered)
        fail(fmt::format("{} bytes before '{}' belong to no tensor", entry.begin - covered, entry.name));
      covered = entry.end;
    }
    if (covered != data_.size())
      fail(fmt::format("{} bytes at the end belong to no tensor", data_.size() - covered));
  }

  Tensor load(const Entry& entry) const {
    Tensor tensor(entry.type);
    if (entry.end > entry.begin)
      std::memcpy(tensor.data(), data_.data() + entry.begin, entry.end - entry.begin);
    if (entry.type.element == ElementType::boolean) {
      const auto* bytes = static_cast<const unsigned char*>(tensor.data());
      if (std::any_of(bytes, bytes + tensor.size(), [](unsigned char b) { return b > 1; }))
        fail(fmt::format("'{}' has a bool that is neither 0 nor 1", entry.name));
    }
    return tensor;
  }

  ByteView file_;
  ByteView data_;
  const std::string& name_;
};

}  // namespace

Safetensors parse_safetensors(ByteView file, const std::string& name) { return Reader(file, name).read(); }

Safetensors read_safetensors(const std::string& path) { return parse_safetensors(read_file(path), path); }

std::string format_safetensors_header(std::span<const TensorReference> tensors, const Metadata& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  int64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    if (name == "__metadata__" || header.contains(name))
      fail_internal(fmt::format("safetensors: '{}' twice", name));
    header[name] = {{"dtype", type_name(tensor->element())},
                    {"shape", tensor->shape()},
                    {"data_offsets", {offset, offset + tensor->bytes()}}};
    offset += tensor->bytes();
  }
  std::string text;
  try {
    text = header.dump();
  } catch (const json::exception&) {
    fail_program("a name or a metadata text is not valid UTF-8");
  }
  text.append((8 - text.size() % 8) % 8, ' ');  // the data starts at a multiple of 8
  std::string out;
  append_little_endian<uint64_t>(out, text.size());
  return out + text;
}

void write_safetensors(const std::string& path, std::span<const TensorReference> tensors,
                       const Metadata& metadata) {
  const std::string header = format_safetensors_header(tensors, metadata);
  std::vector<ByteView> pieces{std::as_bytes(std::span(header))};
  for (const TensorReference& reference : tensors)
    pieces.emplace_back(static_cast<const std::byte*>(reference.tensor->data()),
                        static_cast<size_t>(reference.tensor->bytes()));
  write_file_atomically(path, pieces);
}

}  // namespace gradus
