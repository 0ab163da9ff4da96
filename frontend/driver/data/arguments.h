// The arguments of a data reader's call, with the checks and messages that all readers share.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "frontend/language/elaborate.h"
#include "runtime/data/preparation.h"

namespace gradus {

// What a reader knows of the program besides its own arguments.
struct DataContext {
  int64_t seed = 0;
  std::vector<std::string> columns;  // the names that the program gives; "_": not used, and not to be read
  // New rows for a trained model: what it knows of its columns, and the files that take the place of those
  // that the program names (NAME=FILE for readers whose arguments are columns).
  const Preparation* known = nullptr;
  std::vector<std::string> files = {};
  bool every_row = false;  // none is left out, whatever it lacks

  // What the model knows of a column, by its place; null if there is no model, or the column is not used.
  const ColumnForm* form(size_t column) const;
};

// Arguments of the preparation, which every reader takes.
inline constexpr std::string_view preparation_steps[] = {"pad_to", "standardize", "scale", "bias"};

// Lists and file names are columns that happen to be called so.
bool is_preparation(const language::SettingCall::Argument& argument);

class DataArguments {
 public:
  explicit DataArguments(const language::SettingCall& call) : call_(call) {}
  // `accepted`: the names it may have; positional arguments, at most `positional` of them, go without.
  DataArguments(const language::SettingCall& call, const std::vector<std::string_view>& accepted,
                size_t positional, DataContext context = {});

  const DataContext& context() const { return context_; }
  const language::SettingCall& call() const { return call_; }
  [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;

  // In all of these an argument that is `none` is absent.
  bool has(std::string_view name) const;
  bool flag(std::string_view name, bool otherwise = false) const;
  // Whether the call asks for this step of the preparation.
  bool prepares(std::string_view step) const;
  std::optional<double> number(std::string_view name) const;
  double fraction(std::string_view name) const;  // 0 if absent
  // A whole number from `least` to `most`.
  std::optional<int64_t> whole(std::string_view name, int64_t least, int64_t most) const;
  bool is_used(size_t column) const {
    return column >= context_.columns.size() || context_.columns[column] != "_";
  }
  // A word or a string; empty if absent.
  std::string word(std::string_view name) const;

  // The positional arguments, which must be strings.
  std::vector<std::string> strings() const;
  // The first (or only) one, which names a file or folder.
  std::string path() const;

  // Named arguments that are file names, in order, if their columns are used: `idx(image: "a.idx")`.
  std::vector<std::pair<std::string, std::string>> named_paths() const;

  // A file for each class, by the names of the classes: `text_lines(bad: "a.txt")`, given as bad=FILE.
  std::vector<std::pair<std::string, std::string>> labelled_paths() const;

  // A file or folder that the program names, relative to the program's file.
  std::string path(const std::string& name) const;

 private:
  // NAME and what stands behind it, of arguments that are strings.
  std::vector<std::pair<std::string, std::string>> string_arguments() const;
  std::map<std::string, std::string> given_paths() const;  // NAME=FILE

  const language::SettingCall& call_;
  DataContext context_;
};

std::optional<double> number_of(const language::Setting& setting);

}  // namespace gradus
