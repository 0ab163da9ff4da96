#include "runtime/data/sentences.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <utility>

#include "ir/error.h"
#include "ir/shown_text.h"
#include "runtime/data/combine.h"
#include "runtime/data/gzip.h"
#include "runtime/data/padded_rows.h"
#include "runtime/data/text_file.h"
#include "runtime/data/vocabulary.h"
#include "runtime/memory_request.h"

namespace gradus {

namespace {

using Words = std::vector<std::string_view>;

constexpr std::string_view universal_tags[] = {"ADJ",   "ADP",   "ADV", "AUX",  "CCONJ", "DET",
                                               "INTJ",  "NOUN",  "NUM", "PART", "PRON",  "PROPN",
                                               "PUNCT", "SCONJ", "SYM", "VERB", "X"};

Words words_of(std::string_view line) {
  Words words;
  for (std::string_view word : split_at(line, ' '))
    if (!word.empty()) words.push_back(word);
  return words;
}

// A word may take a single byte of the text; here it has a place and ids.
void require_words(const TextFile& file) {
  const auto words = std::count_if(file.text().begin(), file.text().end(),
                                   [](char c) { return c == ' ' || c == '\t' || c == '\n'; });
  require_memory(
      {fmt::format("{}: about {} words", file.path(), words + 1), 48.0 * static_cast<double>(words + 1)});
}

// --- CoNLL-U (https://universaldependencies.org/format.html)

struct Tagged {
  std::vector<Words> words;
  std::vector<std::vector<int32_t>> tags;
};

class ConlluReader {
 public:
  explicit ConlluReader(const TextFile& file) : file_(file) {}

  Tagged read() {
    require_words(file_);
    for (std::string_view line : lines_of(file_.text())) {
      if (line.empty())
        finish_sentence();
      else if (!line.starts_with('#'))
        word(line);
    }
    finish_sentence();
    if (all_.words.empty()) file_.fail(0, 0, "the CoNLL-U file has no sentences");
    return std::move(all_);
  }

 private:
  [[noreturn]] void fail(std::string_view at, const std::string& message,
                         const std::string& hint = {}) const {
    file_.fail(static_cast<size_t>(at.data() - file_.text().data()), at.size(), message, hint);
  }

  void word(std::string_view line) {
    const Words fields = split_at(line, '\t');
    if (fields.size() != 10)
      fail(line, fmt::format("a line of CoNLL-U has 10 fields separated by tabs, found {}", fields.size()));
    const std::string_view id = fields[0];
    if (id.empty() || id.find_first_not_of("0123456789-.") != std::string_view::npos)
      fail(id, fmt::format("expected the number of a word, found {}", shown(id)));
    if (id.find_first_of("-.") != std::string_view::npos) return;  // fused words, empty nodes
    const auto* tag = std::find(std::begin(universal_tags), std::end(universal_tags), fields[3]);
    if (tag == std::end(universal_tags))
      fail(fields[3], fmt::format("{} is not a universal part of speech", shown(fields[3])),
           fmt::format("they are {}", fmt::join(universal_tags, ", ")));
    words_.push_back(fields[1]);
    tags_.push_back(static_cast<int32_t>(tag - std::begin(universal_tags)));
  }

  void finish_sentence() {
    if (words_.empty()) return;
    all_.words.push_back(std::exchange(words_, {}));
    all_.tags.push_back(std::exchange(tags_, {}));
  }

  const TextFile& file_;
  Tagged all_;
  Words words_;
  std::vector<int32_t> tags_;
};

DataSet tagged_part(const TextFile& file, const Tagged& part, const WordIds& words, int64_t width,
                    const SentenceOptions& options) {
  require_padded(file, part.words.size(), 2 * width, options.limit.has_value());
  std::vector<std::vector<int32_t>> ids;
  for (const Words& sentence : part.words) {
    ids.emplace_back();
    for (std::string_view word : sentence) ids.back().push_back(words.id(word));
  }
  std::vector<Column> columns;
  columns.push_back(
      {"token", ColumnRole::feature, "ids of words, 0 padding", padded(ids, width), words.entries()});
  columns.push_back({"tag",
                     ColumnRole::target,
                     "universal parts of speech",
                     padded(part.tags, width),
                     {std::begin(universal_tags), std::end(universal_tags)}});
  return make_data_set(file.path(), std::move(columns));
}

// Lines of words, in the form that the model knows.
DataSet untagged_data_set(const std::string& path, const SentenceOptions& options) {
  const TextFile file(path);
  require_words(file);
  Tagged all;
  for (std::string_view line : lines_of(file.text())) {
    all.words.push_back(words_of(line));
    all.tags.emplace_back(all.words.back().size(), 0);
    if (all.words.back().empty())
      file.fail(static_cast<size_t>(line.data() - file.text().data()), line.size(), "the line has no words");
  }
  if (all.words.empty()) file.fail(0, 0, "there are no sentences");
  return tagged_part(file, all, WordIds(options.known.at(0).vocabulary), options.known.at(0).width, options);
}

// The training file and, if there is one, the test file.
std::pair<std::string, std::string> conllu_files(const std::string& path) {
  const auto existing = [](const std::string& file) -> std::string {
    std::error_code error;
    if (std::filesystem::is_regular_file(file, error)) return file;
    return std::filesystem::is_regular_file(file + ".gz", error) ? file + ".gz" : "";
  };
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    const std::string training = existing(path + "-ud-train.conllu");
    if (training.empty()) return {plain_or_gzip_path(path), ""};
    return {training, existing(path + "-ud-test.conllu")};
  }
  std::pair<std::string, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    const std::string name = entry.path().string();
    for (const char* end : {".conllu", ".conllu.gz"}) {
      if (name.ends_with(std::string("train") + end)) found.first = name;
      if (name.ends_with(std::string("test") + end)) found.second = name;
    }
  }
  if (found.first.empty())
    fail_environment(fmt::format("{}: there is no file …train.conllu in this folder", path));
  return found;
}

// --- Pairs

struct Pair {
  Words source, target;
};

std::vector<Pair> pairs_of_lines(const TextFile& file, bool with_target) {
  require_words(file);
  std::vector<Pair> pairs;
  for (std::string_view line : lines_of(file.text())) {
    const Words sides = split_at(line, '\t');
    const auto offset = static_cast<size_t>(line.data() - file.text().data());
    if (!with_target && sides.size() == 1 && !words_of(sides[0]).empty()) {
      pairs.push_back({words_of(sides[0]), {}});
      continue;
    }
    if (sides.size() != 2)
      file.fail(offset, line.size(),
                fmt::format("expected a sentence, a tab and its translation, found {} field{}", sides.size(),
                            sides.size() == 1 ? "" : "s"));
    pairs.push_back({words_of(sides[0]), words_of(sides[1])});
    if (pairs.back().source.empty() || pairs.back().target.empty())
      file.fail(offset, line.size(), "one side of this pair is empty");
  }
  return pairs;
}

std::vector<Pair> pairs_of_files(const TextFile& source, const TextFile& target) {
  require_words(source);
  require_words(target);
  const std::vector<std::string_view> left = lines_of(source.text()), right = lines_of(target.text());
  if (left.size() != right.size())
    fail_program(
        fmt::format("{} has {} lines, {} has {}", source.path(), left.size(), target.path(), right.size()),
        {}, "line n of one file is the translation of line n of the other");
  std::vector<Pair> pairs;
  for (size_t i = 0; i < left.size(); ++i) pairs.push_back({words_of(left[i]), words_of(right[i])});
  return pairs;
}

WordIds words_of_side(const std::vector<Pair>& pairs, Words Pair::* side, const SentenceOptions& options) {
  const size_t column = side == &Pair::source ? 0 : 1;
  if (column < options.known.size()) return WordIds(options.known[column].vocabulary);
  WordIds words;
  for (const Pair& pair : pairs)
    for (std::string_view word : pair.*side) words.count(word);
  words.number(options.vocabulary);
  return words;
}

Column sentence_column(const std::string& name, const std::vector<Pair>& pairs, Words Pair::* side,
                       bool start, int64_t width, const SentenceOptions& options) {
  const WordIds words = words_of_side(pairs, side, options);
  std::vector<std::vector<int32_t>> rows;
  for (const Pair& pair : pairs) {
    std::vector<int32_t> ids;
    if (start) ids.push_back(WordIds::start);
    for (std::string_view word : pair.*side) ids.push_back(words.id(word));
    ids.push_back(WordIds::end);
    rows.push_back(std::move(ids));
  }
  return {name, start ? ColumnRole::target : ColumnRole::feature, "ids of words, 0 padding",
          padded(rows, width), words.entries()};
}

// --- Characters

std::vector<std::string_view> characters_of(std::string_view text) {
  std::vector<std::string_view> characters;
  for (size_t at = 0; at < text.size();) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) ++end;
    characters.push_back(text.substr(at, end - at));
    at = end;
  }
  return characters;
}

}  // namespace

DataSet tagged_text_data_set(const std::string& path, const SentenceOptions& options) {
  if (!options.with_target && !path.ends_with(".conllu") && !path.ends_with(".conllu.gz"))
    return untagged_data_set(path, options);
  const auto [training_path, test_path] = conllu_files(path);
  const TextFile training_file(training_path);
  const Tagged training = ConlluReader(training_file).read();
  if (!options.known.empty())
    return tagged_part(training_file, training, WordIds(options.known[0].vocabulary), options.known[0].width,
                       options);
  WordIds words;
  for (const Words& sentence : training.words)
    for (std::string_view word : sentence) words.count(word);
  words.number(options.vocabulary);
  const int64_t width = options.limit.value_or(longest(training.words));
  DataSet data = tagged_part(training_file, training, words, width, options);
  if (test_path.empty()) return data;
  const TextFile test_file(test_path);
  return with_test_part(std::move(data),
                        tagged_part(test_file, ConlluReader(test_file).read(), words, width, options));
}

DataSet sentence_pairs_data_set(const std::string& path, const std::string& second,
                                const SentenceOptions& options) {
  const TextFile first_file(path);
  std::optional<TextFile> second_file;
  if (!second.empty()) second_file.emplace(second);
  std::vector<Pair> pairs = second_file ? pairs_of_files(first_file, *second_file)
                                        : pairs_of_lines(first_file, options.with_target);
  if (options.limit && options.known.empty())
    std::erase_if(pairs, [&](const Pair& pair) {
      const auto limit = static_cast<size_t>(*options.limit);
      return pair.source.size() + 1 > limit || pair.target.size() + 2 > limit;
    });
  if (pairs.empty())
    fail_program(fmt::format("{}: there are no pairs of sentences{}", path,
                             options.limit ? fmt::format(" of at most {} ids", *options.limit) : ""));
  int64_t source_width = 1, target_width = 1;
  for (const Pair& pair : pairs) {
    source_width = std::max(source_width, static_cast<int64_t>(pair.source.size()) + 1);
    target_width = std::max(target_width, static_cast<int64_t>(pair.target.size()) + 2);
  }
  source_width = options.limit.value_or(source_width);
  target_width = options.limit.value_or(target_width);
  if (options.known.size() == 2) {
    source_width = options.known[0].width;
    target_width = options.known[1].width;
  }
  require_padded(first_file, pairs.size(), source_width + target_width, options.limit.has_value());
  std::vector<Column> columns;
  columns.push_back(sentence_column("source", pairs, &Pair::source, false, source_width, options));
  columns.push_back(sentence_column("target", pairs, &Pair::target, true, target_width, options));
  return make_data_set(path, std::move(columns));
}

DataSet character_data_set(const std::string& path, const WindowOptions& options) {
  const TextFile file(path);
  // A place and an id for each character, which may be a byte.
  require_memory({fmt::format("{}: its characters", path), 20.0 * static_cast<double>(file.text().size())});
  const std::vector<std::string_view> text = characters_of(file.text());
  const auto length = static_cast<int64_t>(text.size());
  if (length < options.window + 1)
    fail_program(fmt::format("{}: a text of {} characters has no window of {} and the next one", path, length,
                             options.window));
  std::vector<std::string> entries = options.known;
  if (entries.empty()) {
    const std::set<std::string_view> distinct(text.begin(), text.end());  // UTF-8 sorts as code points do
    entries.assign(distinct.begin(), distinct.end());
  }
  std::map<std::string_view, int32_t> ids;
  for (size_t i = 0; i < entries.size(); ++i) ids.emplace(entries[i], static_cast<int32_t>(i));
  std::vector<int32_t> all;
  for (std::string_view character : text) {
    const auto found = ids.find(character);
    if (found == ids.end())
      file.fail(static_cast<size_t>(character.data() - file.text().data()), character.size(),
                fmt::format("the model knows no {}", shown(character)),
                "it was trained on a text without this character");
    all.push_back(found->second);
  }

  const int64_t step = options.step.value_or(options.window);
  const int64_t rows = (length - 1 - options.window) / step + 1;
  require_memory({fmt::format("{}: two columns of {} windows of {} characters", path, rows, options.window),
                  2.0 * sizeof(int32_t) * static_cast<double>(rows) * static_cast<double>(options.window),
                  {},
                  "a larger `step` gives fewer windows"});
  const Type type(ElementType::i32, {rows, options.window});
  Tensor token(type), next(type);
  for (int64_t row = 0; row < rows; ++row) {
    const auto* from = all.data() + row * step;
    const auto at = row * options.window;
    std::copy_n(from, options.window, token.values<int32_t>().begin() + at);
    std::copy_n(from + 1, options.window, next.values<int32_t>().begin() + at);
  }
  std::vector<Column> columns;
  columns.push_back({"token", ColumnRole::feature, "ids of characters", std::move(token), entries});
  columns.push_back(
      {"next", ColumnRole::target, "the character after each", std::move(next), std::move(entries)});
  DataSet data = make_data_set(path, std::move(columns));
  const auto held = static_cast<int64_t>(options.validation * static_cast<double>(rows));
  data.validation.assign(data.training.end() - held, data.training.end());
  data.training.resize(static_cast<size_t>(rows - held));
  return data;
}

}  // namespace gradus
