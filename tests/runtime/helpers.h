#pragma once

#include <stdlib.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "ir/error.h"

namespace gradus::test {

// A folder that vanishes with the test.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "gradus-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) FAIL("no temporary folder");
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  size_t entries() const {
    return static_cast<size_t>(
        std::distance(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator()));
  }

 private:
  std::string path_;
};

// Sets how much memory may be asked for.
class MemoryLimit {
 public:
  explicit MemoryLimit(const char* limit) { ::setenv("GRADUS_MEMORY", limit, 1); }
  ~MemoryLimit() { ::unsetenv("GRADUS_MEMORY"); }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
};

// The message of the gradus::Error that `run` throws; fails the test if it throws none or another kind.
template <class F>
std::string error_of(ErrorKind kind, F run) {
  try {
    run();
  } catch (const Error& error) {
    CHECK(error.kind() == kind);
    return error.what();
  }
  FAIL_CHECK("no error");
  return "";
}

}  // namespace gradus::test
