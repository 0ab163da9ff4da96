#include "runtime/data/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

#include "ir/error.h"
#include "runtime/data/checksum.h"
#include "runtime/data/json.h"
#include "runtime/data/little_endian.h"
#include "runtime/memory_request.h"

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

const std::string checksum_key = "crc32";
const std::string checksum_prefix = "crc32.";

bool is_checksum(const std::string& key) { return key == checksum_key || key.starts_with(checksum_prefix); }

Checksum checksum_of(const Metadata& metadata) {
  Checksum sum;
  for (const auto& [key, text] : metadata) sum.add_text(key).add_text(text);
  return sum;
}

Checksum checksum_of(const std::string& name, const Tensor& tensor) {
  Checksum sum;
  sum.add_text(name).add_text(to_string(tensor.type()));
  return sum.add({static_cast<const std::byte*>(tensor.data()), static_cast<size_t>(tensor.bytes())});
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
    require_memory({name_, static_cast<double>(data_.size())});
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
    check_sums(result);
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
    json header =
        parse_json({begin, length}, 3, fmt::format("{}: not a valid safetensors file: the header", name_));
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

  // Takes the checksums out of the metadata and compares them.
  void check_sums(Safetensors& file) const {
    Metadata sums;
    for (auto at = file.metadata.begin(); at != file.metadata.end();) {
      const auto next = std::next(at);
      if (is_checksum(at->first)) sums.insert(file.metadata.extract(at));
      at = next;
    }
    if (sums.empty()) return;
    const auto require = [&](const std::string& key, const Checksum& sum, const std::string& what) {
      const auto found = sums.find(key);
      if (found != sums.end() && found->second == sum.text()) return;
      fail_program(fmt::format("{}: the file is damaged: the checksum of {} {}", name_, what,
                               found == sums.end() ? "is missing" : "differs"),
                   {}, "take another copy of the file, or an earlier one");
    };
    require(checksum_key, checksum_of(file.metadata), "the metadata");
    for (const NamedTensor& tensor : file.tensors)
      require(checksum_prefix + tensor.name, checksum_of(tensor.name, tensor.value), "'" + tensor.name + "'");
    if (sums.size() != file.tensors.size() + 1)
      fail_program(
          fmt::format("{}: the file is damaged: it has a checksum of a tensor that is not there", name_));
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
  std::set<std::string> names;
  Metadata all = metadata;
  all[checksum_key] = checksum_of(metadata).text();
  std::string text;
  int64_t offset = 0;
  try {
    for (const auto& [name, tensor] : tensors) {
      if (name == "__metadata__" || !names.insert(name).second)
        fail_internal(fmt::format("safetensors: '{}' twice", name));
      all[checksum_prefix + name] = checksum_of(name, *tensor).text();
      const json entry = {{"dtype", type_name(tensor->element())},
                          {"shape", tensor->shape()},
                          {"data_offsets", {offset, offset + tensor->bytes()}}};
      text += fmt::format(",{}:{}", json(name).dump(), entry.dump());
      offset += tensor->bytes();
    }
    text = fmt::format("{{\"__metadata__\":{}{}}}", json(all).dump(), text);
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
