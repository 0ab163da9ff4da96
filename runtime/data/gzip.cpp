#include "runtime/data/gzip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <filesystem>

#include "ir/error.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

class Inflater {
 public:
  Inflater(ByteView file, const std::string& name) : file_(file), name_(name) {
    if (inflateInit2(&stream_, MAX_WBITS + 16) != Z_OK) fail_environment("out of memory");
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  Bytes read() {
    grow(std::max<size_t>(4 * file_.size(), 4096));
    while (true) {
      const int result = step();
      if (result == Z_STREAM_END) {
        if (read_ == file_.size()) break;
        if (!is_gzip(file_.subspan(read_))) fail("it has more bytes after its end");
        inflateReset(&stream_);
      } else if (result == Z_MEM_ERROR) {
        fail_environment("out of memory");
      } else if (result != Z_OK && result != Z_BUF_ERROR) {
        fail(stream_.msg ? stream_.msg : "its contents cannot be read");
      } else if (read_ == file_.size() && written_ < bytes_.size()) {
        fail("it ends too early (is it truncated?)");
      }
    }
    bytes_.resize(written_);
    return std::move(bytes_);
  }

 private:
  [[noreturn]] void fail(const std::string& message) const {
    fail_program(fmt::format("{}: the gzip file is damaged at byte {}: {}", name_, read_, message));
  }

  int step() {
    if (written_ == bytes_.size()) grow(2 * bytes_.size());
    constexpr size_t most = size_t{1} << 30;
    const size_t in = std::min(file_.size() - read_, most), out = std::min(bytes_.size() - written_, most);
    // zlib's interface is from before const; it does not write here.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(file_.data() + read_));
    stream_.avail_in = static_cast<uInt>(in);
    stream_.next_out = reinterpret_cast<Bytef*>(bytes_.data() + written_);
    stream_.avail_out = static_cast<uInt>(out);
    const int result = inflate(&stream_, Z_NO_FLUSH);
    read_ += in - stream_.avail_in;
    written_ += out - stream_.avail_out;
    return result;
  }

  void grow(size_t size) {
    require_memory({fmt::format("{}: what the gzip file holds", name_), static_cast<double>(size),
                    file_.size(), "if this is meant, unpack the file with gunzip"});
    bytes_.resize(size);
  }

  ByteView file_;
  const std::string& name_;
  z_stream stream_{};
  Bytes bytes_;
  size_t read_ = 0, written_ = 0;
};

}  // namespace

bool is_gzip(ByteView file) {
  return file.size() >= 2 && file[0] == std::byte{0x1f} && file[1] == std::byte{0x8b};
}

Bytes parse_gzip(ByteView file, const std::string& name) { return Inflater(file, name).read(); }

Bytes read_plain_or_gzip(const std::string& path) {
  const std::string found = plain_or_gzip_path(path);
  Bytes file = read_file(found);
  return is_gzip(file) ? parse_gzip(file, found) : file;
}

std::string plain_or_gzip_path(const std::string& path) {
  std::error_code error;
  if (std::filesystem::exists(path, error)) return path;
  if (std::filesystem::exists(path + ".gz", error)) return path + ".gz";
  fail_environment(fmt::format("{}: there is no such file, nor {}.gz", path,
                               std::filesystem::path(path).filename().string()),
                   {}, "check the spelling of the path; it is relative to the program's file");
}

}  // namespace gradus
