// Texts with a class each: reviews and their moods. ids i32 [rows, limit], label i32 [rows].
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "runtime/data/sentences.h"

namespace gradus {

struct LabelledTextOptions {
  SentenceOptions sentences;         // `known`: of the ids; `with_target`: whether there are labels
  std::vector<std::string> classes;  // by id, if they are known; others are a program error
};

// The words of a text as people write it: runs of letters, digits and apostrophes, in lower case (of ASCII),
// and every other character that is no space by itself.
std::vector<std::string> words_of_text(std::string_view text);

// Columns of a CSV or TSV file (by its name); classes in the order of their texts.
DataSet text_table_data_set(const std::string& path, const std::string& text, const std::string& label,
                            const LabelledTextOptions& options);

// A file for each class, a text each line that is not blank: class and path; classes in the given order.
DataSet text_lines_data_set(const std::vector<std::pair<std::string, std::string>>& files,
                            const LabelledTextOptions& options);
// The lines of a file, of no class.
DataSet unlabelled_lines_data_set(const std::string& path, const LabelledTextOptions& options);

// Whether the file is a table of texts, by its name: .csv or .tsv, .gz behind it.
bool is_table_name(const std::string& path);

}  // namespace gradus
