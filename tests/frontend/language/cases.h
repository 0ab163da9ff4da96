// Text-driven tests: a file of cases
//   === name
//   input
//   ---
//   expected output
// GRADUS_BLESS=1 in the environment writes what comes out into the file instead of comparing.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

struct Case {
  std::string name;
  std::string input;
  std::string expected;
};

inline std::string read_text(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::vector<Case> read_cases(const std::string& path) {
  std::vector<Case> cases;
  std::ifstream stream(path);
  std::string* part = nullptr;
  for (std::string line; std::getline(stream, line);) {
    if (line.starts_with("=== ")) {
      cases.push_back({line.substr(4), {}, {}});
      part = &cases.back().input;
    } else if (line == "---" && !cases.empty()) {
      part = &cases.back().expected;
    } else if (part) {
      *part += line + '\n';
    }
  }
  return cases;
}

template <class Run>
void check_cases(const std::string& path, Run run) {
  std::vector<Case> cases = read_cases(path);
  REQUIRE(!cases.empty());
  const bool bless = std::getenv("GRADUS_BLESS") != nullptr;
  for (Case& c : cases) {
    const std::string found = run(c);
    if (bless) {
      c.expected = found;
    } else {
      INFO(c.name);
      CHECK(found == c.expected);
    }
  }
  if (!bless) return;
  std::ofstream out(path);
  for (const Case& c : cases) out << "=== " << c.name << '\n' << c.input << "---\n" << c.expected;
}
