// The programs that `gradus new` begins with, embedded into the program at build time. The first line of each
// is a comment that says what it is; `{name}` in it stands for the name that is given. A file of the same
// name that ends in .txt is what the program reads.
#pragma once

#include <span>
#include <string_view>

namespace gradus::templates {

struct Text {
  std::string_view name;  // "templates/gan.gradus"
  std::string_view text;
};

// Every frontend/templates/*.gradus and *.txt, by name.
std::span<const Text> texts();

}  // namespace gradus::templates
