#include "runtime/data/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "ir/error.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

[[noreturn]] void fail_file(const std::string& path, const char* doing, int error, bool writing = true) {
  std::string hint;
  if (error == ENOENT) hint = "check the spelling of the path";
  if (error == ENOSPC || error == EDQUOT) hint = "free some space on the disk";
  if (writing && (error == EACCES || error == EROFS)) hint = "choose another folder with -o";
  fail_environment(fmt::format("{}: cannot {}: {}", path, doing, std::strerror(error)), {}, hint);
}

// Devices and pipes need not end, and a pipe may never begin.
[[noreturn]] void fail_no_file(const std::string& path, mode_t mode, bool writing = false) {
  const char* kind = S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
  fail_environment(
      fmt::format("{}: cannot {}: it is {}, not a file", path, writing ? "write" : "read", kind), {},
      writing ? "remove it, or choose another folder with -o" : "write what it gives to a file first");
}

class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  // The result of close() matters after writing: some file systems report a full disk only there.
  int close() {
    const int result = ::close(value_);
    value_ = -1;
    return result;
  }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

bool write_all(int descriptor, ByteView bytes) {
  while (!bytes.empty()) {
    const ssize_t written =
        ::write(descriptor, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

std::string folder_of(const std::string& path) {
  const size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// Removes the temporary file unless it has been renamed.
struct Temporary {
  std::string path;
  bool renamed = false;
  ~Temporary() {
    if (!renamed) ::unlink(path.c_str());
  }
};

int open_temporary(std::string& path) {
  path += ".XXXXXX.tmp";
  return ::mkostemps(path.data(), 4, O_CLOEXEC);
}

}  // namespace

Bytes read_file(const std::string& path) {
  // Without O_NONBLOCK a pipe would be waited for.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail_file(path, "open", errno, false);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) fail_file(path, "read", errno, false);
  if (S_ISDIR(status.st_mode)) fail_file(path, "read", EISDIR, false);
  if (!S_ISREG(status.st_mode)) fail_no_file(path, status.st_mode);
  // One byte more than the file has, so that its end is seen without growing; some files of the system do not
  // say their size.
  Bytes bytes;
  const auto grow = [&](size_t size) {
    require_memory({path, static_cast<double>(size)});
    bytes.resize(size);
  };
  grow(static_cast<size_t>(std::max<off_t>(status.st_size, 0)) + 1);
  size_t used = 0;
  while (true) {
    if (used == bytes.size()) grow(bytes.size() * 2);
    const ssize_t got = ::read(file.get(), bytes.data() + used, bytes.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_file(path, "read", errno, false);
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  bytes.resize(used);
  return bytes;
}

void write_file_atomically(const std::string& path, std::span<const ByteView> pieces) {
  Temporary temporary{path};
  Descriptor file(open_temporary(temporary.path));
  if (file.get() < 0) {
    temporary.renamed = true;  // there is nothing to remove
    fail_file(path, "create", errno);
  }
  for (const ByteView piece : pieces)
    if (!write_all(file.get(), piece)) fail_file(path, "write", errno);
  // mkostemps makes private files; what we write is as public as any other output.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(file.get(), 0666 & ~mask) != 0 || ::fsync(file.get()) != 0 || file.close() != 0)
    fail_file(path, "write", errno);
  if (::rename(temporary.path.c_str(), path.c_str()) != 0) fail_file(path, "replace", errno);
  temporary.renamed = true;
  const std::string folder = folder_of(path);
  Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  // Some file systems cannot flush folders and say so; the rename itself has succeeded.
  if (directory.get() >= 0 && ::fsync(directory.get()) != 0 && errno != EINVAL && errno != ENOTSUP)
    fail_file(folder, "flush", errno);
}

void create_folder(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) fail_file(path, "create the folder", error.value());
  Temporary probe{path + "/probe"};
  Descriptor file(open_temporary(probe.path));
  if (file.get() < 0) {
    probe.renamed = true;
    fail_file(path, "create files in the folder", errno);
  }
}

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail_file(path, "remove", errno);
}

AppendedFile::AppendedFile(std::string path, bool keep) : path_(std::move(path)) {
  // Without O_NONBLOCK a pipe would be waited for.
  Descriptor file(::open(path_.c_str(),
                         O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | (keep ? 0 : O_TRUNC), 0666));
  if (file.get() < 0) fail_file(path_, "create", errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) fail_file(path_, "create", errno);
  if (!S_ISREG(status.st_mode)) fail_no_file(path_, status.st_mode, true);
  empty_ = status.st_size == 0;
  descriptor_ = file.release();
}

AppendedFile::~AppendedFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AppendedFile::append(const std::string& text) {
  if (!write_all(descriptor_, std::as_bytes(std::span(text)))) fail_file(path_, "write", errno);
  empty_ = false;
}

}  // namespace gradus
