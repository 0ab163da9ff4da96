#include "runtime/data/file.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/runtime/data/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

void write(const std::string& path, const std::string& text) {
  const ByteView pieces[] = {bytes_of(text).first(text.size() / 2), bytes_of(text).subspan(text.size() / 2)};
  write_file_atomically(path, pieces);
}

// Files may not grow beyond `bytes`: what a full disk looks like to a program.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    old_handler_ = ::signal(SIGXFSZ, SIG_IGN);
    ::getrlimit(RLIMIT_FSIZE, &old_);
    rlimit limit = old_;
    limit.rlim_cur = bytes;
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &old_);
    ::signal(SIGXFSZ, old_handler_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit old_{};
  void (*old_handler_)(int) = nullptr;
};

}  // namespace

TEST_CASE("files are replaced as a whole") {
  const TemporaryFolder folder;
  write(folder.file("a"), "first");
  write(folder.file("a"), "second");
  CHECK(text_of(read_file(folder.file("a"))) == "second");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a failing write leaves the old file and nothing else") {
  const TemporaryFolder folder;
  write(folder.file("a"), "old");
  {
    const FileSizeLimit limit(1000);
    CHECK_THAT(error_of(ErrorKind::environment, [&] { write(folder.file("a"), std::string(5000, 'x')); }),
               Catch::Contains("cannot write"));
  }
  CHECK(text_of(read_file(folder.file("a"))) == "old");
  CHECK(folder.entries() == 1);
}

TEST_CASE("a link stays one, and what it leads to is written") {
  const TemporaryFolder folder, other;
  write(other.file("target"), "old");
  std::filesystem::create_symlink("two", folder.file("one"));
  std::filesystem::create_symlink(other.file("target"), folder.file("two"));
  write(folder.file("one"), "new");
  CHECK(text_of(read_file(other.file("target"))) == "new");
  CHECK(std::filesystem::is_symlink(folder.file("one")));
  CHECK(std::filesystem::is_symlink(folder.file("two")));
  CHECK(folder.entries() == 2);
  CHECK(other.entries() == 1);

  std::filesystem::create_symlink(other.file("made"), folder.file("to a new file"));
  write(folder.file("to a new file"), "first");
  CHECK(text_of(read_file(other.file("made"))) == "first");

  std::filesystem::create_symlink("circle", folder.file("circle"));
  CHECK_THAT(error_of(ErrorKind::environment, [&] { write(folder.file("circle"), "x"); }),
             Catch::Contains("Too many levels of symbolic links"));
  CHECK(std::filesystem::is_symlink(folder.file("circle")));
}

TEST_CASE("what is no file is never replaced by one") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  std::filesystem::create_directory(folder.file("folder"));
  std::filesystem::create_symlink("pipe", folder.file("link"));
  const std::pair<const char*, const char*> refused[] = {
      {"pipe", "cannot write: it is a pipe"}, {"link", "it is a pipe"}, {"folder", "Is a directory"}};
  for (const auto& [name, message] : refused)
    CHECK_THAT(error_of(ErrorKind::environment, [&, n = name] { write(folder.file(n), "x"); }),
               Catch::Contains(message));
  CHECK(std::filesystem::is_fifo(folder.file("pipe")));
  CHECK(std::filesystem::is_directory(folder.file("folder")));
  CHECK(std::filesystem::is_symlink(folder.file("link")));
  CHECK(folder.entries() == 3);
  // Only some users may make devices.
  if (::mknod(folder.file("device").c_str(), S_IFCHR | 0600, makedev(1, 3)) != 0) return;
  CHECK_THAT(error_of(ErrorKind::environment, [&] { write(folder.file("device"), "x"); }),
             Catch::Contains("it is a device"));
  CHECK(std::filesystem::is_character_file(folder.file("device")));
}

TEST_CASE("a file keeps who may read it") {
  const TemporaryFolder folder;
  write(folder.file("a"), "old");
  REQUIRE(::chmod(folder.file("a").c_str(), 0600) == 0);
  write(folder.file("a"), "new");
  CHECK(std::filesystem::status(folder.file("a")).permissions() == std::filesystem::perms(0600));
}

TEST_CASE("environment errors of files and folders") {
  const TemporaryFolder folder;
  write(folder.file("a"), "text");
  CHECK_THAT(error_of(ErrorKind::environment, [&] { read_file(folder.file("none")); }),
             Catch::Contains("No such file"));
  CHECK_THAT(error_of(ErrorKind::environment, [&] { read_file(folder.path()); }),
             Catch::Contains("Is a directory"));
  CHECK_THAT(error_of(ErrorKind::environment, [&] { write(folder.file("none/b"), "x"); }),
             Catch::Contains("cannot create"));
  CHECK_THAT(error_of(ErrorKind::environment, [&] { create_folder(folder.file("a/b")); }),
             Catch::Contains("Not a directory"));
  CHECK_THAT(error_of(ErrorKind::environment, [&] { create_folder("/proc/gradus/runs"); }),
             Catch::Contains("cannot create"));
  CHECK_THAT(error_of(ErrorKind::environment, [&] { AppendedFile(folder.file("none/b"), false); }),
             Catch::Contains("cannot create"));
  create_folder(folder.file("b/c/d"));
  CHECK(std::filesystem::is_directory(folder.file("b/c/d")));
}

TEST_CASE("a file that grows") {
  const TemporaryFolder folder;
  {
    AppendedFile file(folder.file("a"), false);
    CHECK(file.empty());
    file.append("one\n");
  }
  {
    AppendedFile file(folder.file("a"), true);
    CHECK_FALSE(file.empty());
    file.append("two\n");
    const FileSizeLimit limit(10);
    CHECK_THROWS_AS(file.append(std::string(100, 'x')), Error);
  }
  CHECK(text_of(read_file(folder.file("a"))).starts_with("one\ntwo\n"));
  AppendedFile again(folder.file("a"), false);
  CHECK(again.empty());
}
