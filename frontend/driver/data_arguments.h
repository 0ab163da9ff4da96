// The arguments of a data reader's call, with the checks and messages that all readers share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "frontend/language/elaborate.h"

namespace gradus {

class DataArguments {
 public:
  explicit DataArguments(const language::SettingCall& call) : call_(call) {}
  // `accepted`: the names it may have; positional arguments, at most `positional` of them, go without.
  DataArguments(const language::SettingCall& call, const std::vector<std::string_view>& accepted,
                size_t positional);

  const language::SettingCall& call() const { return call_; }
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;

  // In all of these an argument that is `none` is absent.
  bool has(std::string_view name) const;
  bool flag(std::string_view name, bool otherwise = false) const;
  std::optional<double> number(std::string_view name) const;
  double fraction(std::string_view name) const;  // 0 if absent
  // A whole number from `least` to `most`.
  std::optional<int64_t> whole(std::string_view name, int64_t least, int64_t most) const;
  // A word or a string; empty if absent.
  std::string word(std::string_view name) const;

  // The positional arguments, which must be strings.
  std::vector<std::string> strings() const;
  // The first (or only) one; an error that shows `example` if it is missing.
  std::string string(const std::string& example) const;

  // A file or folder that the program names, relative to the program's file.
  std::string path(const std::string& name) const;

 private:
  const language::SettingCall& call_;
};

std::optional<double> number_of(const language::Setting& setting);

}  // namespace gradus
