// The texts of all files that a compilation has read, so that messages can show the line.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "ir/error.h"

namespace gradus::language {

class Sources {
 public:
  // Keeps a text under the name that places use; the reference stays valid.
  const std::string& add(std::string name, std::string text);
  // Reads a file ("-" is standard input); an environment error if that fails.
  const std::string& read(const std::string& path);
  const std::string* find(std::string_view name) const;

  std::string render(const Diagnostic& diagnostic, bool color = false) const;

 private:
  std::map<std::string, std::string, std::less<>> texts_;
};

}  // namespace gradus::language
