#include "runtime/data/labelled_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "ir/error.h"
#include "ir/shown_text.h"
#include "runtime/data/csv.h"
#include "runtime/data/padded_rows.h"
#include "runtime/data/vocabulary.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

// A letter or a digit of ASCII, an apostrophe, or a byte of any other character.
bool is_of_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return std::isalnum(byte) || c == '\'' || byte >= 0x80;
}

using Texts = std::vector<std::vector<std::string>>;  // words, by row

// A word takes a place, a count and, at times, memory of its own.
void require_texts(const std::string& path, size_t bytes) {
  require_memory({fmt::format("{}: its words", path), 12.0 * static_cast<double>(bytes)});
}

Column text_column(const TextFile& file, const Texts& texts, const SentenceOptions& options) {
  WordIds words;
  if (options.known.empty()) {
    for (const std::vector<std::string>& text : texts)
      for (const std::string& word : text) words.count(word);
    words.number(options.vocabulary);
  } else {
    words = WordIds(options.known.front().vocabulary);
  }
  const int64_t width =
      options.known.empty() ? options.limit.value_or(longest(texts)) : options.known.front().width;
  require_padded(file, texts.size(), width, options.limit || !options.known.empty());
  std::vector<std::vector<int32_t>> ids;
  for (const std::vector<std::string>& text : texts) {
    ids.emplace_back();
    for (const std::string& word : text) ids.back().push_back(words.id(word));
  }
  return {"text", ColumnRole::feature, "ids of words, 0 padding", padded(ids, width), words.entries()};
}

Column label_column(std::vector<int32_t> labels, std::vector<std::string> classes) {
  return {"label", ColumnRole::target, fmt::format("{} classes", classes.size()),
          Tensor(Shape{static_cast<int64_t>(labels.size())}, labels), std::move(classes)};
}

void append_lines(const TextFile& file, Texts& texts) {
  require_texts(file.path(), file.text().size());
  for (std::string_view line : lines_of(file.text()))
    if (std::vector<std::string> words = words_of_text(line); !words.empty())
      texts.push_back(std::move(words));
}

int32_t class_of(const std::string& text, const std::vector<std::string>& classes) {
  return static_cast<int32_t>(std::find(classes.begin(), classes.end(), text) - classes.begin());
}

}  // namespace

std::vector<std::string> words_of_text(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) words.push_back(std::exchange(word, {}));
  };
  for (const char c : text) {
    if (is_of_word(c)) {
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
      continue;
    }
    finish();
    if (static_cast<unsigned char>(c) > ' ') words.emplace_back(1, c);
  }
  finish();
  return words;
}

bool is_table_name(const std::string& path) {
  return std::ranges::any_of(std::initializer_list<const char*>{".csv", ".csv.gz", ".tsv", ".tsv.gz"},
                             [&](const char* end) { return path.ends_with(end); });
}

DataSet text_table_data_set(const std::string& path, const std::string& text, const std::string& label,
                            const LabelledTextOptions& options) {
  const bool tabs = path.ends_with(".tsv") || path.ends_with(".tsv.gz");
  const CsvTable table(TextFile(path), tabs ? '\t' : ',', true);
  require_texts(path, table.file().text().size());
  const size_t source = table.column(text);
  Texts texts;
  for (size_t row = 0; row < table.rows(); ++row) texts.push_back(words_of_text(table.text(row, source)));
  if (texts.empty()) fail_program(fmt::format("{}: there are no rows below the header", path));
  std::vector<Column> columns;
  columns.push_back(text_column(table.file(), texts, options.sentences));
  if (!options.sentences.with_target) return make_data_set(path, std::move(columns));
  const size_t classed = table.column(label);
  std::vector<std::string> names;
  for (size_t row = 0; row < table.rows(); ++row) {
    names.emplace_back(trimmed(table.text(row, classed)));
    if (names.back().empty())
      table.fail(row, classed, fmt::format("the value of column '{}' is missing", label));
  }
  std::vector<std::string> classes = options.classes.empty() ? label_classes(names) : options.classes;
  std::vector<int32_t> labels;
  for (size_t row = 0; row < names.size(); ++row) {
    labels.push_back(class_of(names[row], classes));
    if (std::cmp_equal(labels.back(), classes.size()))
      table.fail(row, classed, fmt::format("column '{}': the model knows no {}", label, shown(names[row])),
                 fmt::format("it was trained on {}", listed(classes)));
  }
  columns.push_back(label_column(std::move(labels), std::move(classes)));
  return make_data_set(path, std::move(columns));
}

DataSet text_lines_data_set(const std::vector<std::pair<std::string, std::string>>& files,
                            const LabelledTextOptions& options) {
  std::vector<std::string> classes;
  for (const auto& [name, path] : files) classes.push_back(name);
  if (!options.classes.empty()) classes = options.classes;
  Texts texts;
  std::vector<int32_t> labels;
  std::optional<TextFile> first;
  for (const auto& [name, path] : files) {
    TextFile file(path);
    const size_t before = texts.size();
    append_lines(file, texts);
    if (texts.size() == before) fail_program(fmt::format("{}: there are no texts", path));
    const int32_t id = class_of(name, classes);
    if (std::cmp_equal(id, classes.size()))
      fail_program(fmt::format("{}: the model knows no class {}", path, shown(name)), {},
                   fmt::format("it was trained on {}", listed(classes)));
    labels.resize(texts.size(), id);
    if (!first) first = std::move(file);
  }
  std::vector<Column> columns;
  columns.push_back(text_column(*first, texts, options.sentences));
  columns.push_back(label_column(std::move(labels), std::move(classes)));
  return make_data_set(files.front().second, std::move(columns));
}

DataSet unlabelled_lines_data_set(const std::string& path, const LabelledTextOptions& options) {
  const TextFile file(path);
  Texts texts;
  append_lines(file, texts);
  if (texts.empty()) fail_program(fmt::format("{}: there are no texts", path));
  std::vector<Column> columns;
  columns.push_back(text_column(file, texts, options.sentences));
  return make_data_set(path, std::move(columns));
}

}  // namespace gradus
