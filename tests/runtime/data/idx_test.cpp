#include "runtime/data/idx.h"

#include <zlib.h>

#include "runtime/data/combine.h"
#include "runtime/data/gzip.h"
#include "tests/runtime/data/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

std::string idx(int type, std::vector<uint32_t> extents, const std::string& elements) {
  std::string file{0, 0, static_cast<char>(type), static_cast<char>(extents.size())};
  for (uint32_t extent : extents)
    for (int shift : {24, 16, 8, 0}) file += static_cast<char>(extent >> shift);
  return file + elements;
}

std::string gzip(const std::string& text) {
  std::string out(text.size() + 100, '\0');
  std::string in = text;
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, MAX_WBITS + 16, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

void write(const std::string& path, const std::string& text) {
  const ByteView pieces[] = {bytes_of(text)};
  write_file_atomically(path, pieces);
}

// Two training images of 2×2 pixels and one test image, two files of four compressed.
void write_small_mnist(const TemporaryFolder& folder) {
  write(folder.file("train-images-idx3-ubyte"),
        idx(0x08, {2, 2, 2}, std::string("\x00\xff\x33\x66\x01\x02\x03\x04", 8)));
  write(folder.file("train-labels-idx1-ubyte.gz"), gzip(idx(0x08, {2}, "\x07\x09")));
  write(folder.file("t10k-images-idx3-ubyte.gz"), gzip(idx(0x08, {1, 2, 2}, "\x66\x33\xff\x01")));
  write(folder.file("t10k-labels-idx1-ubyte"), idx(0x08, {1}, std::string(1, '\0')));
}

}  // namespace

TEST_CASE("IDX: elements of all types, big-endian") {
  CHECK(parse_idx(bytes_of(idx(0x08, {2}, "\x01\xff")), "a").values<uint8_t>()[1] == 255);
  CHECK(parse_idx(bytes_of(idx(0x09, {2}, "\x01\xff")), "a").values<int8_t>()[1] == -1);
  CHECK(parse_idx(bytes_of(idx(0x0b, {1}, "\xff\xfe")), "a").values<int32_t>()[0] == -2);
  CHECK(parse_idx(bytes_of(idx(0x0c, {1}, std::string("\0\0\1\2", 4))), "a").values<int32_t>()[0] == 258);
  CHECK(parse_idx(bytes_of(idx(0x0d, {1}, std::string("\x3f\xc0\0\0", 4))), "a").values<float>()[0] == 1.5F);
  CHECK(
      parse_idx(bytes_of(idx(0x0e, {1}, std::string("\x3f\xf8\0\0\0\0\0\0", 8))), "a").values<double>()[0] ==
      1.5);
}

TEST_CASE("IDX: what is not one") {
  const auto message = [](const std::string& file) {
    return error_of(ErrorKind::program, [&] { parse_idx(bytes_of(file), "a.idx"); });
  };
  CHECK_THAT(message(""), Catch::Contains("two zero bytes"));
  CHECK_THAT(message(idx(0x07, {1}, "a")), Catch::Contains("0x07"));
  CHECK_THAT(message(idx(0x08, {}, "a")), Catch::Contains("0 axes"));
  CHECK_THAT(message(idx(0x08, {3, 3}, "").substr(0, 9)), Catch::Contains("within its header"));
  CHECK_THAT(message(idx(0x08, {2, 3}, "abcde")), Catch::Contains("[2,3]"));
  CHECK_THAT(message(idx(0x08, {0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, "a")),
             Catch::Contains("1 bytes follow"));
}

TEST_CASE("MNIST's files, plain or compressed, with the test part and a limit") {
  const TemporaryFolder folder;
  write_small_mnist(folder);
  const DataSet data = mnist_data_set("mnist", folder.path());
  CHECK(data.training == std::vector<int64_t>{0, 1});
  CHECK(data.test == std::vector<int64_t>{2});
  CHECK(data.column("image").values.type() == Type(ElementType::f32, {3, 2, 2, 1}));
  const auto pixels = data.column("image").values.values<float>();
  CHECK(pixels[1] == 1.0F);
  CHECK(pixels[2] == 0.2F);
  CHECK(pixels[8] == 0.4F);
  const auto labels = data.column("label").values.values<int32_t>();
  CHECK(std::vector<int32_t>(labels.begin(), labels.end()) == std::vector<int32_t>{7, 9, 0});

  CHECK(idx_column("label", folder.file("train-labels-idx1-ubyte")).values.number(1) == 9);

  const DataSet first = mnist_data_set("mnist", folder.path(), 1);
  CHECK(first.training.size() == 1);
  CHECK(first.test.size() == 1);
  CHECK_THAT(error_of(ErrorKind::environment, [] { mnist_data_set("mnist", "nowhere"); }),
             Catch::Contains("nor train-images-idx3-ubyte.gz"));
}

TEST_CASE("INI-09 data sets below each other: row counts add") {
  const TemporaryFolder folder;
  write_small_mnist(folder);
  const DataSet data =
      concatenated(mnist_data_set("a", folder.path()), mnist_data_set("b", folder.path(), 1));
  CHECK(data.rows() == 5);
  CHECK(data.training == std::vector<int64_t>{0, 1, 3});
  CHECK(data.test == std::vector<int64_t>{2, 4});
  CHECK(data.column("label").values.number(3) == 7);
  CHECK_THAT(error_of(ErrorKind::program,
                      [] { concatenated(bundled_data_set("digits"), bundled_data_set("iris")); }),
             Catch::Contains("f32[1797,8,8,1]"));
}

TEST_CASE("gzip: members follow each other; damage and bombs are errors") {
  const std::string text = "one, two, three";
  CHECK(text_of(parse_gzip(bytes_of(gzip(text) + gzip(" four")), "a")) == text + " four");
  const auto message = [](const std::string& file) {
    return error_of(ErrorKind::program, [&] { parse_gzip(bytes_of(file), "a.gz"); });
  };
  const std::string valid = gzip(text);
  CHECK_THAT(message(valid.substr(0, valid.size() - 4)), Catch::Contains("truncated"));
  CHECK_THAT(message(valid + "x"), Catch::Contains("after its end"));
  std::string damaged = valid;
  damaged[valid.size() - 6] ^= 1;
  CHECK_THAT(message(damaged), Catch::Contains("incorrect data check"));
}
