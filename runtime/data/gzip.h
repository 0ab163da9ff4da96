// Files that may be compressed with gzip: any reader of a file can be given either form.
#pragma once

#include <string>

#include "runtime/data/file.h"

namespace gradus {

bool is_gzip(ByteView file);

// The contents of a gzip file (one or several members, RFC 1952). `name` is the file's name in diagnostics;
// damaged files, and small ones that claim to hold far more than data does, are program errors.
Bytes parse_gzip(ByteView file, const std::string& name);

// The file `path` or, if there is none, `path`.gz: as it is, or what it holds if it is a gzip file.
Bytes read_plain_or_gzip(const std::string& path);

// `path` if there is such a file, otherwise `path`.gz; an environment error if there is neither.
std::string plain_or_gzip_path(const std::string& path);

}  // namespace gradus
