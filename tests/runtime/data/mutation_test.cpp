// Readers of foreign files must survive anything: valid files with seeded damage either still read or give a
// program error; never a crash, another exception or (under the sanitizers) a bad access.
#include <zlib.h>

#include <random>

#include "runtime/data/csv.h"
#include "runtime/data/gzip.h"
#include "runtime/data/idx.h"
#include "runtime/data/numpy.h"
#include "runtime/data/png.h"
#include "runtime/data/safetensors.h"
#include "runtime/data/text_file.h"
#include "runtime/data/zip.h"
#include "tests/runtime/data/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  std::string damage(std::string bytes) {
    for (uint64_t times = 1 + below(4); times > 0 && !bytes.empty(); --times) {
      const size_t at = below(bytes.size());
      switch (below(7)) {
        case 0:
          bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
          break;
        case 1:
          bytes[at] = static_cast<char>(below(256));
          break;
        case 2:
          bytes.resize(at);
          break;
        case 3:
          bytes.erase(at, 1 + below(8));
          break;
        case 4:
          bytes.insert(at, bytes.substr(below(bytes.size()), 1 + below(16)));
          break;
        case 5:
          overwrite(bytes, at);
          break;
        case 6:
          change_digit(bytes, at);
          break;
      }
    }
    return bytes;
  }

 private:
  uint64_t below(uint64_t limit) { return random_() % limit; }

  // A number at the edge of something, as wide as a field of a header.
  void overwrite(std::string& bytes, size_t at) {
    constexpr uint64_t edges[] = {0,
                                  1,
                                  0x7f,
                                  0xff,
                                  0x7fff,
                                  0xffff,
                                  0x7fffffff,
                                  0x80000000,
                                  0xffffffff,
                                  0x7fffffffffffffff,
                                  0x8000000000000000,
                                  0xffffffffffffffff};
    const uint64_t value = edges[below(std::size(edges))];
    const size_t width = size_t{1} << below(4);
    for (size_t i = 0; i < width && at + i < bytes.size(); ++i)
      bytes[at + i] = static_cast<char>(value >> (8 * i));
  }

  // The next digit of a text header, so that many mutants stay well-formed.
  void change_digit(std::string& bytes, size_t at) {
    const size_t digit = bytes.find_first_of("0123456789", at);
    if (digit != std::string::npos) bytes[digit] = static_cast<char>('0' + below(10));
  }

  std::mt19937_64 random_;
};

// Returns how many mutants still read.
template <class Read>
int survive(const std::string& valid, uint64_t seed, int rounds, Read read) {
  Mutator mutator(seed);
  int still_read = 0;
  for (int i = 0; i < rounds; ++i) {
    const std::string mutant = mutator.damage(valid);
    try {
      read(mutant);
      ++still_read;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::program) FAIL("round " << i << ": " << error.what());
    } catch (const std::exception& error) {
      FAIL("round " << i << ": " << error.what());
    }
  }
  return still_read;
}

std::vector<NamedTensor> samples() {
  std::vector<NamedTensor> tensors;
  tensors.push_back({"x", Tensor(Shape{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6})});
  tensors.push_back({"label", Tensor(Shape{2}, std::vector<int64_t>{0, 9})});
  tensors.push_back({"flag", Tensor(Shape{2}, std::vector<bool>{true, false})});
  return tensors;
}

std::string deflated(const std::string& text) {
  std::string out(text.size() + 100, '\0');
  std::string in = text;
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace

TEST_CASE("20,000 damaged NPZ files") {
  const std::string valid = format_npz(samples());
  const int read =
      survive(valid, 1, 20000, [](const std::string& file) { parse_npz(bytes_of(file), "a.npz"); });
  CHECK(read < 20000);
}

TEST_CASE("20,000 damaged arrays inside of sound archives") {
  // Behind the checksum, which would catch nearly all of them.
  const int read = survive(format_npy(samples()[0].value), 2, 20000, [](const std::string& file) {
    parse_npz(bytes_of(format_zip({{"a.npy", file}})), "a.npz");
  });
  CHECK(read > 100);
  CHECK(read < 20000);
}

TEST_CASE("20,000 damaged deflate streams") {
  const std::string text = format_npy(samples()[0].value);
  survive(deflated(text), 3, 20000,
          [&](const std::string& stream) { inflate_exactly(bytes_of(stream), text.size(), false, "a"); });
}

TEST_CASE("20,000 damaged safetensors files") {
  const std::vector<NamedTensor> tensors = samples();
  std::vector<TensorReference> references;
  for (const NamedTensor& tensor : tensors) references.push_back({tensor.name, &tensor.value});
  std::string valid = format_safetensors_header(references, {{"step", "3"}});
  for (const NamedTensor& tensor : tensors)
    valid.append(static_cast<const char*>(tensor.value.data()), static_cast<size_t>(tensor.value.bytes()));
  REQUIRE(parse_safetensors(bytes_of(valid), "a").tensors.size() == 3);
  const int read = survive(
      valid, 4, 20000, [](const std::string& file) { parse_safetensors(bytes_of(file), "a.safetensors"); });
  CHECK(read > 100);
  CHECK(read < 20000);
}

TEST_CASE("20,000 damaged IDX files") {
  const std::string valid("\0\0\x0b\x02\0\0\0\2\0\0\0\3abcdefghijkl", 24);
  REQUIRE(parse_idx(bytes_of(valid), "a").shape() == Shape{2, 3});
  const int read =
      survive(valid, 5, 20000, [](const std::string& file) { parse_idx(bytes_of(file), "a.idx"); });
  CHECK(read > 100);
  CHECK(read < 20000);
}

TEST_CASE("20,000 damaged CSV files") {
  const std::string valid = "a,b\r\n1,\"2\"\n-3.5e2,\"x, \"\"y\"\"\"\n\n4,\xc3\xa9\n";
  const int read = survive(valid, 6, 20000, [](const std::string& file) {
    const ByteView bytes = bytes_of(file);
    const CsvTable table(TextFile("a.csv", Bytes(bytes.begin(), bytes.end())), ',', true);
    for (size_t row = 0; row < table.rows(); ++row) table.text(row, 0);
  });
  CHECK(read > 100);
  CHECK(read < 20000);
}

TEST_CASE("5,000 damaged PNG files") {
  const TemporaryFolder folder;
  write_png(folder.file("a.png"), Tensor(Shape{3, 3, 3}, std::vector<uint8_t>(27, 9)));
  const int read = survive(text_of(read_file(folder.file("a.png"))), 7, 5000,
                           [](const std::string& file) { parse_png(bytes_of(file), "a.png"); });
  CHECK(read < 5000);
}

TEST_CASE("20,000 damaged gzip files") {
  const unsigned char valid[] = {31, 139, 8, 0,   0,  0,  0,  0, 2, 3, 75, 76,
                                 74, 6,   0, 194, 65, 36, 53, 3, 0, 0, 0};  // abc
  const std::string file(reinterpret_cast<const char*>(valid), sizeof valid);
  REQUIRE(text_of(parse_gzip(bytes_of(file), "a")) == "abc");
  const int read =
      survive(file, 8, 20000, [](const std::string& mutant) { parse_gzip(bytes_of(mutant), "a.gz"); });
  CHECK(read < 20000);
}
