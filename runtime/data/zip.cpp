#include "runtime/data/zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <limits>
#include <set>

#include "ir/error.h"
#include "runtime/data/checksum.h"
#include "runtime/data/little_endian.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

// Field offsets are those of PKWARE's APPNOTE.TXT, sections 4.3.7 to 4.3.16.
constexpr uint32_t local_signature = 0x04034b50, central_signature = 0x02014b50, end_signature = 0x06054b50;
constexpr uint32_t end64_signature = 0x06064b50, locator64_signature = 0x07064b50;
constexpr size_t local_size = 30, central_size = 46, end_size = 22, end64_size = 56, locator64_size = 20;

struct Directory {
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t entries = 0;
};

struct Entry {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t checksum = 0;
  uint64_t compressed = 0, uncompressed = 0, offset = 0;
};

class ZipReader {
 public:
  ZipReader(ByteView archive, const std::string& name) : archive_(archive), name_(name) {}

  std::vector<ZipMember> read() {
    const Directory directory = find_directory();
    const std::vector<Entry> entries = read_entries(directory);
    check_total(entries);
    std::vector<std::pair<uint64_t, uint64_t>> extents;
    std::vector<ZipMember> members;
    for (const Entry& entry : entries) {
      const uint64_t begin = contents_offset(entry, directory);
      extents.emplace_back(entry.offset, begin + entry.compressed);
      members.push_back({entry.name, contents(entry, begin)});
    }
    std::sort(extents.begin(), extents.end());
    for (size_t i = 1; i < extents.size(); ++i)
      if (extents[i].first < extents[i - 1].second) fail("members overlap");
    return members;
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    fail_program(fmt::format("{}: not a valid NPZ (zip) file: {}", name_, message));
  }

  uint16_t u16(uint64_t offset) const { return load_little_endian<uint16_t>(archive_, offset); }
  uint32_t u32(uint64_t offset) const { return load_little_endian<uint32_t>(archive_, offset); }
  uint64_t u64(uint64_t offset) const { return load_little_endian<uint64_t>(archive_, offset); }
  bool inside(uint64_t offset, uint64_t size) const {
    return offset <= archive_.size() && size <= archive_.size() - offset;
  }

  // The end record stands at the very end, before a comment of at most 65,535 bytes.
  Directory find_directory() const {
    if (archive_.size() < end_size) fail("it is too short");
    const uint64_t first = archive_.size() - std::min<uint64_t>(archive_.size(), end_size + 0xffff);
    for (uint64_t at = archive_.size() - end_size + 1; at-- > first;) {
      if (u32(at) != end_signature || at + end_size + u16(at + 20) != archive_.size()) continue;
      Directory directory{u32(at + 16), u32(at + 12), u16(at + 10)};
      uint64_t end = at;
      if (directory.entries == 0xffff || directory.offset == 0xffffffff || directory.size == 0xffffffff)
        directory = find_directory64(at, end);
      if (!inside(directory.offset, directory.size) || directory.offset + directory.size > end)
        fail("its directory lies outside of the file");
      return directory;
    }
    fail("its end is missing (is the file truncated?)");
  }

  Directory find_directory64(uint64_t end_record, uint64_t& end) const {
    if (end_record < locator64_size || u32(end_record - locator64_size) != locator64_signature)
      fail("its 64-bit directory is missing");
    const uint64_t at = u64(end_record - locator64_size + 8);
    if (!inside(at, end64_size) || u32(at) != end64_signature) fail("its 64-bit directory is missing");
    end = at;
    return {u64(at + 48), u64(at + 40), u64(at + 32)};
  }

  std::vector<Entry> read_entries(const Directory& directory) const {
    if (directory.entries > directory.size / central_size) fail("its directory is too small for its members");
    std::vector<Entry> entries;
    std::set<std::string> names;
    uint64_t at = directory.offset;
    const uint64_t end = directory.offset + directory.size;
    for (uint64_t i = 0; i < directory.entries; ++i) {
      if (end - at < central_size || u32(at) != central_signature) fail("its directory is damaged");
      Entry entry;
      entry.flags = u16(at + 8);
      entry.method = u16(at + 10);
      entry.checksum = u32(at + 16);
      entry.compressed = u32(at + 20);
      entry.uncompressed = u32(at + 24);
      entry.offset = u32(at + 42);
      const uint64_t name_size = u16(at + 28), extra_size = u16(at + 30), comment_size = u16(at + 32);
      at += central_size;
      if (end - at < name_size + extra_size + comment_size) fail("its directory is damaged");
      entry.name = text(at, name_size);
      read_extra64(entry, at + name_size, extra_size);
      at += name_size + extra_size + comment_size;
      if (!names.insert(entry.name).second) fail(fmt::format("two members are called '{}'", entry.name));
      entries.push_back(std::move(entry));
    }
    return entries;
  }

  // Sizes that do not fit 32 bits stand in an extra field, in this order, each only if needed.
  void read_extra64(Entry& entry, uint64_t at, uint64_t size) const {
    const uint64_t end = at + size;
    while (end - at >= 4) {
      const uint16_t id = u16(at);
      const uint64_t length = u16(at + 2);
      at += 4;
      if (end - at < length) fail("an extra field is damaged");
      if (id == 1) {
        uint64_t field = at;
        for (uint64_t* value : {&entry.uncompressed, &entry.compressed, &entry.offset}) {
          if (*value != 0xffffffff) continue;
          if (at + length - field < 8) fail("an extra field is damaged");
          *value = u64(field);
          field += 8;
        }
      }
      at += length;
    }
  }

  void check_total(const std::vector<Entry>& entries) const {
    double total = 0;
    for (const Entry& entry : entries) {
      // A deflated byte stands for at most 1,032.
      if (entry.uncompressed / 1032 > entry.compressed)
        fail(fmt::format("member '{}' claims {} bytes, from {} compressed ones", entry.name,
                         entry.uncompressed, entry.compressed));
      total += static_cast<double>(entry.uncompressed);
    }
    require_memory({fmt::format("{}: what its members hold", name_), total, archive_.size()});
  }

  uint64_t contents_offset(const Entry& entry, const Directory& directory) const {
    if (!inside(entry.offset, local_size) || u32(entry.offset) != local_signature)
      fail(fmt::format("member '{}' is not where the directory says", entry.name));
    const uint64_t name_size = u16(entry.offset + 26), extra_size = u16(entry.offset + 28);
    const uint64_t begin = entry.offset + local_size + name_size + extra_size;
    if (!inside(begin, entry.compressed) || begin + entry.compressed > directory.offset)
      fail(fmt::format("member '{}' reaches beyond the end (is the file truncated?)", entry.name));
    if (text(entry.offset + local_size, name_size) != entry.name)
      fail(fmt::format("member '{}' has another name in the directory", entry.name));
    return begin;
  }

  Bytes contents(const Entry& entry, uint64_t begin) const {
    if (entry.flags & 1) fail(fmt::format("member '{}' is encrypted", entry.name));
    const ByteView stored = archive_.subspan(begin, entry.compressed);
    Bytes bytes;
    if (entry.method == 0) {
      if (entry.compressed != entry.uncompressed)
        fail(fmt::format("sizes of member '{}' differ", entry.name));
      bytes.assign(stored.begin(), stored.end());
    } else if (entry.method == 8) {
      bytes = inflate_exactly(stored, entry.uncompressed, false,
                              fmt::format("{}: member '{}'", name_, entry.name));
    } else {
      fail(fmt::format("member '{}' is compressed by method {}; only deflate is known", entry.name,
                       entry.method));
    }
    if (Checksum().add(bytes).value() != entry.checksum)
      fail(fmt::format("member '{}' is damaged: its checksum differs", entry.name));
    return bytes;
  }

  std::string text(uint64_t offset, uint64_t size) const {
    return {reinterpret_cast<const char*>(archive_.data() + offset), size};
  }

  ByteView archive_;
  const std::string& name_;
};

}  // namespace

std::vector<ZipMember> parse_zip(ByteView archive, const std::string& name) {
  return ZipReader(archive, name).read();
}

Bytes inflate_exactly(ByteView compressed, uint64_t size, bool gzip, const std::string& name) {
  // One byte more shows a stream that is longer than it says.
  Bytes bytes(size + 1);
  z_stream stream{};
  if (inflateInit2(&stream, gzip ? MAX_WBITS + 16 : -MAX_WBITS) != Z_OK) fail_environment("out of memory");
  constexpr uint64_t most = uint64_t{1} << 30;
  uint64_t read = 0, written = 0;
  int result = Z_OK;
  while (result == Z_OK) {
    const uint64_t in = std::min<uint64_t>(compressed.size() - read, most),
                   out = std::min(bytes.size() - written, most);
    // zlib's interface is from before const; it does not write here.
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(compressed.data() + read));
    stream.avail_in = static_cast<uInt>(in);
    stream.next_out = reinterpret_cast<Bytef*>(bytes.data() + written);
    stream.avail_out = static_cast<uInt>(out);
    result = inflate(&stream, Z_NO_FLUSH);
    read += in - stream.avail_in;
    written += out - stream.avail_out;
    if (written > size) break;
  }
  inflateEnd(&stream);
  if (result == Z_MEM_ERROR) fail_environment("out of memory");
  if (result != Z_STREAM_END || written != size)
    fail_program(fmt::format("{}: its compressed contents are damaged (expected {} bytes, found {}{})", name,
                             size, written > size ? "more than " : "", std::min(written, size)));
  bytes.resize(size);
  return bytes;
}

namespace {

// Fields that the local and the central header share, from "version needed" to "extra field length".
void append_common(std::string& out, const std::string& name, const std::string& contents) {
  append_little_endian<uint16_t>(out, 20);
  append_little_endian<uint16_t>(out, 0);       // flags
  append_little_endian<uint16_t>(out, 0);       // stored
  append_little_endian<uint16_t>(out, 0);       // time
  append_little_endian<uint16_t>(out, 0x0021);  // 1980-01-01: files with equal contents are equal
  append_little_endian<uint32_t>(out, Checksum().add(std::as_bytes(std::span(contents))).value());
  append_little_endian<uint32_t>(out, static_cast<uint32_t>(contents.size()));
  append_little_endian<uint32_t>(out, static_cast<uint32_t>(contents.size()));
  append_little_endian<uint16_t>(out, static_cast<uint16_t>(name.size()));
  append_little_endian<uint16_t>(out, 0);  // extra
}

}  // namespace

std::string format_zip(const std::vector<std::pair<std::string, std::string>>& members) {
  constexpr uint64_t most = std::numeric_limits<uint32_t>::max() - 1;
  std::string out, directory;
  for (const auto& [name, contents] : members) {
    if (name.size() > 0xffff || members.size() >= 0xffff || contents.size() > most - out.size() ||
        out.size() + contents.size() + 2 * (name.size() + central_size) > most)
      fail_program(fmt::format("'{}' does not fit into a zip file of 4 GiB", name), {},
                   "write safetensors instead");
    append_little_endian(directory, central_signature);
    append_little_endian<uint16_t>(directory, 20);
    append_common(directory, name, contents);
    directory.append(10, '\0');  // comment, disk, attributes
    append_little_endian<uint32_t>(directory, static_cast<uint32_t>(out.size()));
    directory += name;
    append_little_endian(out, local_signature);
    append_common(out, name, contents);
    out += name;
    out += contents;
  }
  const uint64_t offset = out.size();
  out += directory;
  append_little_endian(out, end_signature);
  append_little_endian<uint32_t>(out, 0);  // disks
  append_little_endian<uint16_t>(out, static_cast<uint16_t>(members.size()));
  append_little_endian<uint16_t>(out, static_cast<uint16_t>(members.size()));
  append_little_endian<uint32_t>(out, static_cast<uint32_t>(directory.size()));
  append_little_endian<uint32_t>(out, static_cast<uint32_t>(offset));
  append_little_endian<uint16_t>(out, 0);  // comment
  return out;
}

}  // namespace gradus
