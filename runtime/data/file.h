// Files: reading whole ones, replacing them atomically. All failures are environment errors that name the
// file.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace gradus {

using Bytes = std::vector<std::byte>;
using ByteView = std::span<const std::byte>;

// Regular files only: neither folders, nor devices and pipes, which need not end.
Bytes read_file(const std::string& path);

// Writes `pieces` one after the other into a temporary file beside `path`, flushes it to the disk, renames it
// to `path` and flushes the folder: whatever happens, `path` is the old file or the new one. A link stays
// one: what it leads to is written. Devices, pipes and folders stay as well: they are refused.
void write_file_atomically(const std::string& path, std::span<const ByteView> pieces);

// Creates the folder and those above it, and makes sure that files can be created in it.
void create_folder(const std::string& path);

// The folder, created if need be, is this process's to write while the object lives; where another process
// has it, that is an error. The system keeps the lock, on the folder itself: it ends with the process,
// however that ends, and adds no file. Reading needs none.
class FolderLock {
 public:
  explicit FolderLock(const std::string& path);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_ = -1;
};

bool file_exists(const std::string& path);

// Removes a file if it is there.
void remove_file(const std::string& path);

// A text file that grows line by line, as a history does.
class AppendedFile {
 public:
  // `keep`: continue an existing file; otherwise start an empty one.
  AppendedFile(std::string path, bool keep);
  ~AppendedFile();
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  bool empty() const { return empty_; }
  void append(const std::string& text);

 private:
  std::string path_;
  int descriptor_ = -1;
  bool empty_ = true;
};

}  // namespace gradus
