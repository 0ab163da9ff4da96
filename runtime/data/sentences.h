// Data sets of texts: ids i32, one row a sentence (padded with 0 to `limit` ids) or a window of characters.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "runtime/data/data_set.h"

namespace gradus {

// Of a trained model: its words by id, and its rows, to which longer sentences are cut.
struct KnownSentences {
  std::vector<std::string> vocabulary;
  int64_t width = 0;
};

struct SentenceOptions {
  std::optional<int64_t> limit;  // ids a row; otherwise as many as the longest sentence needs
  int64_t vocabulary = 10'000;   // ids, the reserved ones 0 … 3 included
  // By column; none while the words are still to be numbered.
  std::vector<KnownSentences> known = {};
  bool with_target = true;  // false: only sentences, one a line, of tagged texts CoNLL-U as well
};

// CoNLL-U: token and tag, the seventeen universal parts of speech numbered by name; longer sentences are cut.
// `path` is a file; a folder with …train.conllu and …test.conllu; or what both names begin with (before
// -ud-train.conllu). Words have ids by the training part.
DataSet tagged_text_data_set(const std::string& path, const SentenceOptions& options);

// Lines "source TAB target", or two files with the same number of lines: source (words, end) and target
// (start, words, end), each with ids of its own; pairs that are longer than the limit on one side are left
// out, unless the sentences are to be those of a trained model.
DataSet sentence_pairs_data_set(const std::string& path, const std::string& second,
                                const SentenceOptions& options);

struct WindowOptions {
  int64_t window = 64;
  std::optional<int64_t> step;          // from one window to the next; otherwise the window
  double validation = 0;                // this part of the windows, from the end
  std::vector<std::string> known = {};  // characters by id, if they are; others are a program error
};

// Characters of a text as ids by code point: token and next, the same shifted by one.
DataSet character_data_set(const std::string& path, const WindowOptions& options);

}  // namespace gradus
