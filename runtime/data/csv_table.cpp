// CSV text as a table of fields.
#include <fmt/format.h>

#include <algorithm>

#include "runtime/data/csv.h"
#include "runtime/memory_request.h"

#include "ir/shown_text.h"

namespace gradus {

// Fills the table; fields stay in the text, so that a large file costs little more than its bytes.
class CsvTable::Parser {
 public:
  Parser(CsvTable& table, char separator) : table_(table), text_(table.file_.text()), separator_(separator) {}

  void parse(bool header) {
    reserve();
    while (at_ < text_.size()) {
      if (skip_empty_line()) continue;
      const size_t start = at_;
      const size_t first = table_.fields_.size();
      record();
      const size_t found = table_.fields_.size() - first;
      if (!table_.header_.empty()) {
        if (found != table_.header_.size()) fail_count(start, found);
        continue;
      }
      for (size_t i = 0; i < found; ++i)
        name_column(
            table_.fields_[first + i],
            header ? std::string(trimmed(table_.text(table_.fields_[first + i]))) : std::to_string(i + 1));
      if (header) table_.fields_.resize(first);
    }
    if (table_.header_.empty()) table_.file_.fail(0, 0, "the CSV file is empty");
  }

 private:
  [[noreturn]] void fail(size_t at, const std::string& message, const std::string& hint = {}) const {
    table_.file_.fail(at, 1, message, hint);
  }

  [[noreturn]] void fail_count(size_t start, size_t found) const {
    const size_t expected = table_.header_.size();
    fail(start, fmt::format("expected {} fields, as in the first line, found {}", expected, found),
         expected == 1 && !table_.header_hint().empty() ? table_.header_hint()
         : found == 1 && expected > 1 ? fmt::format("fields are separated by '{}'", separator_)
                                      : "a field that holds a separator is written in quotes: \"a, b\"");
  }

  // A field may take a single byte of the text, and many more here.
  void reserve() {
    const auto fields =
        std::count_if(text_.begin(), text_.end(), [this](char c) { return c == separator_ || c == '\n'; });
    require_memory({fmt::format("{}: about {} fields", table_.file_.path(), fields + 1),
                    static_cast<double>(fields + 1) * static_cast<double>(sizeof(Field))});
    table_.fields_.reserve(static_cast<size_t>(fields) + 1);
  }

  // Length of the line end at the place; 0 if there is none. The end of the text ends a line, too.
  size_t line_end() const {
    if (text_.substr(at_).starts_with("\r\n")) return 2;
    return at_ < text_.size() && text_[at_] == '\n' ? 1 : 0;
  }

  bool skip_empty_line() {
    const size_t length = line_end();
    at_ += length;
    return length > 0;
  }

  void record() {
    while (true) {
      table_.fields_.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted() : plain());
      if (at_ == text_.size()) return;
      if (const size_t length = line_end()) {
        at_ += length;
        return;
      }
      ++at_;  // the separator
    }
  }

  Field plain() {
    const size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] != separator_ && line_end() == 0; ++at_)
      if (text_[at_] == '"')
        fail(at_, "a quote inside of a field that does not begin with one",
             "write the whole field in quotes, and quotes in it twice: \"say \"\"yes\"\"\"");
    return {begin, at_ - begin, false};
  }

  Field quoted() {
    const size_t open = at_++;
    while (true) {
      at_ = text_.find('"', at_);
      if (at_ == std::string_view::npos) fail(open, "this quote is never closed");
      if (!text_.substr(at_ + 1).starts_with('"')) break;
      at_ += 2;
    }
    const Field field{open + 1, at_ - open - 1, true};
    ++at_;
    if (at_ < text_.size() && text_[at_] != separator_ && line_end() == 0)
      fail(at_, fmt::format("expected '{}' or the end of the line after the closing quote", separator_),
           "quotes inside of a field are written twice: \"\"");
    return field;
  }

  void name_column(const Field& field, std::string name) {
    if (!table_.columns_.emplace(name, table_.header_.size()).second)
      fail(field.begin, fmt::format("two columns are called {}", shown(name)));
    table_.header_.push_back(std::move(name));
  }

  CsvTable& table_;
  std::string_view text_;
  char separator_;
  size_t at_ = 0;
};

CsvTable::CsvTable(TextFile file, char separator, bool header)
    : file_(std::move(file)), first_line_is_header_(header) {
  Parser(*this, separator).parse(header);
}

size_t CsvTable::column(const std::string& name) const {
  const auto found = columns_.find(name);
  if (found != columns_.end()) return found->second;
  fail_program(fmt::format("{} has no column {}; it has {}", file_.path(), shown(name), listed(header_)), {},
               header_hint());
}

// Why the first line may not be what it was taken for.
std::string CsvTable::header_hint() const {
  const auto is_number = [](const std::string& name) {
    return !name.empty() && name.find_first_not_of("0123456789.+-eE") == std::string::npos;
  };
  if (header_.size() == 1)
    for (const char* separator : {";", "\t", "|", ","})
      if (header_.front().find(separator) != std::string::npos)
        return fmt::format("separator: \"{}\" parts the fields", separator[0] == '\t' ? "\\t" : separator);
  if (first_line_is_header_ && std::all_of(header_.begin(), header_.end(), is_number))
    return "header: false reads the first line as data; columns are then called \"1\", \"2\", …";
  return {};
}

std::string CsvTable::text(size_t row, size_t column) const {
  return text(fields_[row * header_.size() + column]);
}

std::string CsvTable::text(const Field& field) const {
  std::string_view raw = file_.text().substr(field.begin, field.length);
  if (!field.quoted) return std::string(raw);
  std::string out;
  for (size_t i = 0; i < raw.size(); ++i) {
    out += raw[i];
    if (raw[i] == '"') ++i;  // the second of two
  }
  return out;
}

void CsvTable::fail(size_t row, size_t column, const std::string& message, const std::string& hint) const {
  const Field& field = fields_[row * header_.size() + column];
  file_.fail(field.begin, std::min<size_t>(field.length, 1000), message, hint);
}

}  // namespace gradus
