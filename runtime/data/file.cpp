#include "runtime/data/file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
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
  if (error == EFBIG) hint = "raise the limit of the size of files (ulimit -f)";
  if (writing && (error == EACCES || error == EROFS)) hint = "choose another folder with -o";
  fail_environment(fmt::format("{}: cannot {}: {}", path, doing, std::strerror(error)), {}, hint);
}

// Devices and pipes need not end, and a pipe may never begin; written files replace what has their name.
void require_file(const std::string& path, const char* doing, mode_t mode, const char* hint) {
  if (S_ISREG(mode)) return;
  if (S_ISDIR(mode)) fail_file(path, doing, EISDIR, false);
  const char* kind = S_ISFIFO(mode) ? "a pipe" : S_ISSOCK(mode) ? "a socket" : "a device";
  fail_environment(fmt::format("{}: cannot {}: it is {}, not a file", path, doing, kind), {}, hint);
}
void require_readable(const std::string& path, mode_t mode) {
  require_file(path, "read", mode, "write what it gives to a file first");
}
void require_writable(const std::string& path, mode_t mode) {
  require_file(path, "write", mode, "remove it, or choose another name");
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

// The name that a link stands for, through other links too, whether or not there is a file of that name.
std::string followed(const std::string& path) {
  constexpr int most_links = 40;  // as many as the system follows
  std::filesystem::path name = path;
  std::error_code error;
  for (int links = 0; std::filesystem::is_symlink(name, error); ++links) {
    if (links == most_links) fail_file(path, "write", ELOOP);
    const std::filesystem::path next = std::filesystem::read_symlink(name, error);
    if (error) fail_file(path, "write", error.value());
    name = name.parent_path() / next;
  }
  return name;
}

}  // namespace

Bytes read_file(const std::string& path) {
  // Without O_NONBLOCK a pipe would be waited for.
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.get() < 0) fail_file(path, "open", errno, false);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) fail_file(path, "read", errno, false);
  require_readable(path, status.st_mode);
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
  // mkostemps makes private files; what we write is as public as what it replaces, or as any other output.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  mode_t mode = 0666 & ~mask;
  struct stat status{};
  if (::stat(path.c_str(), &status) == 0) {
    require_writable(path, status.st_mode);
    mode = status.st_mode & 0777;
  }
  const std::string target = followed(path);
  Temporary temporary{target};
  Descriptor file(open_temporary(temporary.path));
  if (file.get() < 0) {
    temporary.renamed = true;  // there is nothing to remove
    fail_file(path, "create", errno);
  }
  for (const ByteView piece : pieces)
    if (!write_all(file.get(), piece)) fail_file(path, "write", errno);
  if (::fchmod(file.get(), mode) != 0 || ::fsync(file.get()) != 0 || file.close() != 0)
    fail_file(path, "write", errno);
  if (::rename(temporary.path.c_str(), target.c_str()) != 0) fail_file(path, "replace", errno);
  temporary.renamed = true;
  const std::string folder = folder_of(target);
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

FolderLock::FolderLock(const std::string& path) {
  create_folder(path);
  Descriptor folder(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0) fail_file(path, "open the folder", errno);
  // Some file systems lock no folders; there it goes without.
  if (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
    fail_environment(fmt::format("{}: another run is writing into this folder", path), {},
                     "wait until it ends, or choose another folder with -o");
  descriptor_ = folder.release();
}

FolderLock::~FolderLock() { ::close(descriptor_); }

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

void remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) fail_file(path, "remove", errno);
}

AppendedFile::AppendedFile(std::string path, bool keep) : path_(std::move(path)) {
  // Without O_NONBLOCK a pipe would be waited for.
  Descriptor file(::open(
      path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK | (keep ? 0 : O_TRUNC), 0666));
  if (file.get() < 0) fail_file(path_, "create", errno);
  struct stat status{};
  if (::fstat(file.get(), &status) != 0) fail_file(path_, "create", errno);
  require_writable(path_, status.st_mode);
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
