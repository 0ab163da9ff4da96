#include "runtime/data/file.h"

#include <signal.h>
#include <sys/resource.h>

#include "tests/runtime/helpers.h"

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
