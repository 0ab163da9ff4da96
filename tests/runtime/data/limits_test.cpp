// What a file asks for is estimated before it is allocated; the limit is set here, so that nothing large is
// ever allocated.
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <fstream>

#include "runtime/data/csv.h"
#include "runtime/data/data_set.h"
#include "runtime/data/gzip.h"
#include "runtime/data/image.h"
#include "runtime/data/png.h"
#include "runtime/data/safetensors.h"
#include "runtime/data/sentences.h"
#include "tests/runtime/data/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

template <class F>
std::string refused(F run) {
  return error_of(ErrorKind::environment, run);
}

}  // namespace

TEST_CASE("readers refuse what cannot be held") {
  const TemporaryFolder folder;
  const MemoryLimit limit("1");

  write(folder.file("large"), "");
  REQUIRE(::truncate(folder.file("large").c_str(), 10'000'000'000) == 0);
  CHECK_THAT(refused([&] { read_file(folder.file("large")); }), Catch::Contains("large would take 9.3 GB"));
  CHECK_THAT(refused([&] { read_safetensors(folder.file("large")); }), Catch::Contains("9.3 GB"));
  CHECK_THAT(refused([&] { csv_data_set(folder.file("large"), {}); }), Catch::Contains("9.3 GB"));

  std::string zeros(70'000'000, '\0');
  gzFile zip = gzopen(folder.file("bomb.gz").c_str(), "wb1");
  REQUIRE(gzwrite(zip, zeros.data(), static_cast<unsigned>(zeros.size())) > 0);
  gzclose(zip);
  CHECK_THAT(refused([&] { read_plain_or_gzip(folder.file("bomb")); }),
             Catch::Contains("what the gzip file holds"));

  write(folder.file("fields.csv"), "a\n" + repeated("1\n", 3'000'000));
  CHECK_THAT(refused([&] { csv_data_set(folder.file("fields.csv"), {}); }),
             Catch::Contains("fields.csv: about 3000002 fields"));

  const std::string rows = "a\tb\n" + repeated("word\tword\n", 1000);
  write(folder.file("pairs.tsv"), rows + repeated("long ", 20'000) + "\tlong\n");
  CHECK_THAT(refused([&] { sentence_pairs_data_set(folder.file("pairs.tsv"), "", {}); }),
             Catch::Contains("1002 rows, padded to 20004 ids"));
  CHECK(sentence_pairs_data_set(folder.file("pairs.tsv"), "", {.limit = 20}).rows() == 1001);

  write(folder.file("a.txt"), repeated("abc ", 2500));
  CHECK_THAT(refused([&] { character_data_set(folder.file("a.txt"), {5000, 1, 0}); }),
             Catch::Contains("5000 windows of 5000 characters"));

  DataSet images = make_data_set(
      "images", {{"image", ColumnRole::feature, "", Tensor(Type(ElementType::f32, {2, 1, 1, 1}))}});
  CHECK_THAT(refused([&] { pad_images(images, 20'000); }),
             Catch::Contains("pad_to: 2 images of 20000×20000"));

  write_png(folder.file("1.png"), Tensor(Type(ElementType::u8, {2, 2, 1})));
  CHECK_THAT(refused([&] { image_column("image", {folder.file("1.png")}, {.size = 16384, .channels = {}}); }),
             Catch::Contains("1 images of 16384×16384"));
}

TEST_CASE("a long sentence among short ones is out of proportion, whatever memory there is") {
  const TemporaryFolder folder;
  write(folder.file("pairs.tsv"), repeated("a\tb\n", 20'000) + repeated("w ", 100'000) + "\tb\n");
  CHECK_THAT(
      error_of(ErrorKind::program, [&] { sentence_pairs_data_set(folder.file("pairs.tsv"), "", {}); }),
      Catch::Contains(
          "20001 rows, padded to 100004 ids would take 7.5 GB of memory, from a file of 280003 bytes"));
}

TEST_CASE("only files are read: neither devices nor pipes") {
  const TemporaryFolder folder;
  REQUIRE(::mkfifo(folder.file("pipe").c_str(), 0600) == 0);
  CHECK_THAT(refused([&] { read_file(folder.file("pipe")); }), Catch::Contains("it is a pipe, not a file"));
  for (const char* device : {"/dev/zero", "/dev/random"})
    CHECK_THAT(refused([&] { read_file(device); }), Catch::Contains("it is a device, not a file"));
  // A link to a file is one.
  write(folder.file("a"), "text");
  REQUIRE(::symlink(folder.file("a").c_str(), folder.file("link").c_str()) == 0);
  CHECK(text_of(read_file(folder.file("link"))) == "text");
  // Some files of the system say that they are empty.
  CHECK(read_file("/proc/self/status").size() > 100);
}
