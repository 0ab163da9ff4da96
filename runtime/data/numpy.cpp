#include "runtime/data/numpy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <charconv>
#include <cstring>
#include <optional>

#include "ir/error.h"
#include "runtime/data/little_endian.h"
#include "runtime/data/zip.h"

namespace gradus {

namespace {

constexpr std::string_view magic = "\x93NUMPY";

struct Header {
  std::optional<std::string> descriptor;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
};

// The header is a Python dictionary with three keys: {'descr': '<f4', 'fortran_order': False, 'shape': (3,
// 4), }
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header parse() {
    Header header;
    expect('{');
    while (!take('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr" && !header.descriptor)
        header.descriptor = string();
      else if (key == "fortran_order" && !header.fortran_order)
        header.fortran_order = boolean();
      else if (key == "shape" && !header.shape)
        header.shape = tuple();
      else
        fail(fmt::format("unexpected key '{}'", key));
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    skip();
    if (at_ != text_.size()) fail("text after the dictionary");
    if (!header.descriptor || !header.fortran_order || !header.shape) fail("a key is missing");
    return header;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    fail_program(fmt::format("{}: bad NPY header: {}", name_, message));
  }

  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool take(char wanted) {
    skip();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!take(wanted)) fail(fmt::format("expected '{}' at byte {}", wanted, at_));
  }

  std::string string() {
    skip();
    const char quote = at_ < text_.size() ? text_[at_] : '\0';
    if (quote == '[') fail_program(fmt::format("{}: structured arrays are not supported", name_));
    if (quote != '\'' && quote != '"') fail(fmt::format("expected a string at byte {}", at_));
    const size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a string without end");
    const std::string value(text_.substr(at_ + 1, end - at_ - 1));
    at_ = end + 1;
    return value;
  }

  bool boolean() {
    skip();
    for (const auto& [word, value] :
         {std::pair{std::string_view("True"), true}, {std::string_view("False"), false}})
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    fail(fmt::format("expected True or False at byte {}", at_));
  }

  Shape tuple() {
    Shape shape;
    expect('(');
    while (!take(')')) {
      skip();
      int64_t extent = 0;
      const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
      if (error != std::errc() || extent < 0) fail(fmt::format("bad extent at byte {}", at_));
      at_ = static_cast<size_t>(end - text_.data());
      shape.push_back(extent);
      if (shape.size() > 32) fail("more than 32 axes");
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
};

struct Descriptor {
  std::string_view text;
  ElementType element;
};
constexpr Descriptor descriptors[] = {
    {"<f4", ElementType::f32},     {"<f8", ElementType::f64}, {"<i8", ElementType::i64},
    {"<i4", ElementType::i32},     {"|i1", ElementType::i8},  {"|u1", ElementType::u8},
    {"|b1", ElementType::boolean},
};

ElementType element_of(const std::string& descriptor, const std::string& name) {
  for (const Descriptor& known : descriptors)
    if (known.text == descriptor) return known.element;
  std::string hint = "convert it with array.astype('float32') or another of f4 f8 i4 i8 i1 u1 bool";
  if (descriptor.starts_with('>')) hint = "the array is big-endian; convert it with array.astype('<f4')";
  fail_program(fmt::format("{}: element type '{}' is not supported", name, descriptor), {}, hint);
}

// A byte other than 0 and 1 would be a bool that no compiler expects.
void check_booleans(const Tensor& tensor, const std::string& name) {
  const auto* bytes = static_cast<const unsigned char*>(tensor.data());
  for (int64_t i = 0; i < tensor.size(); ++i)
    if (bytes[i] > 1) fail_program(fmt::format("{}: element {} is {}, not a bool", name, i, bytes[i]));
}

}  // namespace

Tensor parse_npy(ByteView file, const std::string& name) {
  const auto truncated = [&] { fail_program(fmt::format("{}: the NPY file is truncated", name)); };
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (!text.starts_with(magic)) fail_program(fmt::format("{}: not an NPY file", name));
  if (file.size() < 10) truncated();
  const auto version = static_cast<int>(file[6]);
  if (version < 1 || version > 3) fail_program(fmt::format("{}: NPY version {} is not known", name, version));
  const size_t start = version == 1 ? 10 : 12;
  if (file.size() < start) truncated();
  const uint64_t length =
      version == 1 ? load_little_endian<uint16_t>(file, 8) : load_little_endian<uint32_t>(file, 8);
  if (length > file.size() - start) truncated();
  const Header header = HeaderParser(text.substr(start, length), name).parse();
  if (*header.fortran_order)
    fail_program(fmt::format("{}: the array is in Fortran order", name), {},
                 "convert it with numpy.ascontiguousarray");
  const ElementType element = element_of(*header.descriptor, name);
  const std::optional<int64_t> count = checked_element_count(*header.shape);
  const uint64_t available = file.size() - start - length;
  if (!count || static_cast<uint64_t>(*count) * static_cast<uint64_t>(size_in_bytes(element)) != available)
    fail_program(fmt::format("{}: {} elements of {} do not make {} bytes", name, to_string(*header.shape),
                             gradus::name(element), available));
  Tensor tensor(Type(element, *header.shape));
  if (available > 0) std::memcpy(tensor.data(), file.data() + start + length, available);
  if (element == ElementType::boolean) check_booleans(tensor, name);
  return tensor;
}

std::vector<NamedTensor> parse_npz(ByteView file, const std::string& name) {
  std::vector<NamedTensor> tensors;
  for (const ZipMember& member : parse_zip(file, name)) {
    std::string array = member.name;
    if (!array.ends_with(".npy"))
      fail_program(fmt::format("{}: member '{}' is not an NPY file", name, member.name));
    array.resize(array.size() - 4);
    Tensor tensor = parse_npy(member.contents, fmt::format("{}: array '{}'", name, array));
    tensors.push_back({std::move(array), std::move(tensor)});
  }
  return tensors;
}

std::vector<NamedTensor> read_npz(const std::string& path) { return parse_npz(read_file(path), path); }

std::string format_npy(const Tensor& tensor) {
  std::string_view descriptor;
  for (const Descriptor& known : descriptors)
    if (known.element == tensor.element()) descriptor = known.text;
  if (descriptor.empty())
    fail_program(fmt::format("NPY files have no element type {}", name(tensor.element())), {},
                 "write safetensors instead");
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", descriptor,
                                   fmt::join(tensor.shape(), ", "), tensor.shape().size() == 1 ? "," : "");
  header.append(63 - (magic.size() + 4 + header.size()) % 64, ' ');  // the data starts at a multiple of 64
  header += '\n';
  std::string out(magic);
  out += '\1';
  out += '\0';
  append_little_endian<uint16_t>(out, static_cast<uint16_t>(header.size()));
  out += header;
  out.append(static_cast<const char*>(tensor.data()), static_cast<size_t>(tensor.bytes()));
  return out;
}

std::string format_npz(std::span<const NamedTensor> tensors) {
  std::vector<std::pair<std::string, std::string>> members;
  for (const NamedTensor& tensor : tensors)
    members.emplace_back(tensor.name + ".npy", format_npy(tensor.value));
  return format_zip(members);
}

void write_npz(const std::string& path, std::span<const NamedTensor> tensors) {
  const std::string archive = format_npz(tensors);
  const ByteView pieces[] = {std::as_bytes(std::span(archive))};
  write_file_atomically(path, pieces);
}

}  // namespace gradus
