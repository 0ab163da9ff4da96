#include "frontend/language/source.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace gradus::language {

const std::string& Sources::add(std::string name, std::string text) {
  return texts_.insert_or_assign(std::move(name), std::move(text)).first->second;
}

const std::string& Sources::read(const std::string& path) {
  if (path == "-") {
    return add("<stdin>", std::string(std::istreambuf_iterator<char>(std::cin), {}));
  }
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored))
    fail_environment(fmt::format("cannot read `{}`: it is a folder", path));
  std::ifstream stream(path, std::ios::binary);
  if (!stream) fail_environment(fmt::format("cannot read `{}`: {}", path, std::strerror(errno)));
  return add(path, std::string(std::istreambuf_iterator<char>(stream), {}));
}

const std::string* Sources::find(std::string_view name) const {
  const auto found = texts_.find(name);
  return found == texts_.end() ? nullptr : &found->second;
}

std::string Sources::render(const Diagnostic& diagnostic, bool color) const {
  const SourceLookup look_up = [](const void* context, const std::string& file) {
    return static_cast<const Sources*>(context)->find(file);
  };
  return gradus::render(diagnostic, look_up, this, color);
}

}  // namespace gradus::language
