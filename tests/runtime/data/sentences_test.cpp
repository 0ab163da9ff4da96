#include "runtime/data/sentences.h"

#include "tests/runtime/data/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

void write(const std::string& path, const std::string& text) {
  const ByteView pieces[] = {bytes_of(text)};
  write_file_atomically(path, pieces);
}

std::string word(const std::string& id, const std::string& form, const std::string& tag) {
  return id + "\t" + form + "\t_\t" + tag + "\t_\t_\t_\t_\t_\t_\n";
}

std::vector<double> values(const Column& column) {
  std::vector<double> all;
  for (int64_t i = 0; i < column.values.size(); ++i) all.push_back(column.values.number(i));
  return all;
}

template <class F>
std::string place_and_message(F run) {
  try {
    run();
  } catch (const Error& error) {
    const Diagnostic& first = error.diagnostics().front();
    return std::to_string(first.span.line) + ":" + std::to_string(first.span.column) + " " + first.message;
  }
  return "no error";
}

}  // namespace

TEST_CASE("CoNLL-U: words and tags, cut or padded; the test part has the training part's ids") {
  const TemporaryFolder folder;
  write(folder.file("en-ud-train.conllu"),
        "# text = …\n" + word("1", "the", "DET") + word("2-3", "don't", "_") + word("2", "do", "AUX") +
            word("2.1", "x", "_") + word("3", "the", "X") + "\n" + word("1", "Go", "VERB"));
  write(folder.file("en-ud-test.conllu"), word("1", "Stop", "VERB") + word("2", "the", "DET") + "\n");
  const DataSet data = tagged_text_data_set(folder.file("en"), {2, 10'000});
  CHECK(data.training.size() == 2);
  CHECK(data.test == std::vector<int64_t>{2});
  CHECK(data.column("token").vocabulary ==
        std::vector<std::string>{"<padding>", "<start>", "<end>", "<unknown>", "the", "Go", "do"});
  CHECK(values(data.column("token")) == std::vector<double>{4, 6, 5, 0, 3, 4});
  CHECK(values(data.column("tag")) == std::vector<double>{5, 3, 15, 0, 15, 5});
  CHECK(tagged_text_data_set(folder.path(), {}).column("token").values.shape() == Shape{3, 3});
  CHECK(tagged_text_data_set(folder.file("en-ud-train.conllu"), {2, 5}).column("token").values.number(1) ==
        3);

  write(folder.file("bad"), "# x\n1\ttwo\n");
  CHECK_THAT(place_and_message([&] { tagged_text_data_set(folder.file("bad"), {}); }),
             Catch::Contains("2:1 a line of CoNLL-U has 10 fields separated by tabs, found 2"));
  write(folder.file("bad"), word("1", "a", "VERBS"));
  CHECK_THAT(place_and_message([&] { tagged_text_data_set(folder.file("bad"), {}); }),
             Catch::Contains("1:7 'VERBS' is not a universal part of speech"));
}

TEST_CASE("pairs of sentences: start, end, padding; long pairs are left out") {
  const TemporaryFolder folder;
  write(folder.file("a.tsv"), "a b\tx\nb\ty x x x\nb\tz\n");
  const DataSet data = sentence_pairs_data_set(folder.file("a.tsv"), "", {4, 8'000});
  CHECK(data.rows() == 2);
  CHECK(data.column("source").vocabulary.back() == "a");  // b is more frequent
  CHECK(values(data.column("source")) == std::vector<double>{5, 4, 2, 0, 4, 2, 0, 0});
  CHECK(values(data.column("target")) == std::vector<double>{1, 4, 2, 0, 1, 5, 2, 0});
  CHECK(sentence_pairs_data_set(folder.file("a.tsv"), "", {}).column("target").values.shape() == Shape{3, 6});
  write(folder.file("en"), "a\nb\n");
  write(folder.file("de"), "x\n");
  CHECK_THAT(place_and_message([&] { sentence_pairs_data_set(folder.file("en"), folder.file("de"), {}); }),
             Catch::Contains("has 2 lines"));
  CHECK_THAT(place_and_message([&] { sentence_pairs_data_set(folder.file("en"), "", {}); }),
             Catch::Contains("1:1 expected a sentence, a tab and its translation, found 1 field"));
}

TEST_CASE("characters: windows and the characters after them") {
  const TemporaryFolder folder;
  write(folder.file("a.txt"), "abcaé");
  const DataSet data = character_data_set(folder.file("a.txt"), {2, 1, 0.4});
  CHECK(data.column("token").vocabulary == std::vector<std::string>{"a", "b", "c", "é"});
  CHECK(values(data.column("token")) == std::vector<double>{0, 1, 1, 2, 2, 0});
  CHECK(values(data.column("next")) == std::vector<double>{1, 2, 2, 0, 0, 3});
  CHECK(data.training == std::vector<int64_t>{0, 1});
  CHECK(data.validation == std::vector<int64_t>{2});
  CHECK_THAT(place_and_message([&] { character_data_set(folder.file("a.txt"), {}); }),
             Catch::Contains("a text of 5 characters"));
}
