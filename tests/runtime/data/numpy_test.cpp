#include "runtime/data/numpy.h"

#include <zlib.h>

#include "runtime/data/zip.h"
#include "tests/runtime/data/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

std::string npy(const std::string& header, const std::string& data, int version = 1) {
  std::string out = "\x93NUMPY";
  out += static_cast<char>(version);
  out += '\0';
  for (int i = 0; i < (version == 1 ? 2 : 4); ++i)
    out += static_cast<char>((header.size() >> (8 * i)) & 0xff);
  return out + header + data;
}

std::string npy_error(const std::string& file) {
  return error_of(ErrorKind::program, [&] { parse_npy(bytes_of(file), "a.npy"); });
}

std::string npz_error(const std::string& file) {
  return error_of(ErrorKind::program, [&] { parse_npz(bytes_of(file), "a.npz"); });
}

std::vector<NamedTensor> samples() {
  std::vector<NamedTensor> tensors;
  tensors.push_back({"x", Tensor(Shape{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6})});
  tensors.push_back({"d", Tensor::scalar(0.1)});
  tensors.push_back({"i", Tensor(Shape{2}, std::vector<int32_t>{-1, 7})});
  tensors.push_back({"l", Tensor(Shape{1, 1}, std::vector<int64_t>{int64_t{1} << 40})});
  tensors.push_back({"u", Tensor(Shape{3}, std::vector<uint8_t>{0, 128, 255})});
  tensors.push_back({"s", Tensor(Shape{2}, std::vector<int8_t>{-128, 127})});
  tensors.push_back({"b", Tensor(Shape{2}, std::vector<bool>{true, false})});
  tensors.push_back({"empty", Tensor(Type(ElementType::f32, {0, 5}))});
  return tensors;
}

void put(std::string& bytes, size_t at, uint64_t value, int size) {
  for (int i = 0; i < size; ++i)
    bytes[at + static_cast<size_t>(i)] = static_cast<char>((value >> (8 * i)) & 0xff);
}

// Offsets of the first central header and of the end record, in an archive that we wrote.
size_t central(const std::string& archive) { return archive.find("PK\1\2"); }
size_t end_record(const std::string& archive) { return archive.rfind("PK\5\6"); }

std::string with(std::string archive, size_t at, uint64_t value, int size) {
  put(archive, at, value, size);
  return archive;
}

const std::string good_header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";
const std::string eight(8, '\0');

}  // namespace

TEST_CASE("NPZ: written and read back, all element types") {
  const TemporaryFolder folder;
  const std::vector<NamedTensor> tensors = samples();
  write_npz(folder.file("a.npz"), tensors);
  const std::vector<NamedTensor> read = read_npz(folder.file("a.npz"));
  REQUIRE(read.size() == tensors.size());
  for (size_t i = 0; i < read.size(); ++i) {
    CHECK(read[i].name == tensors[i].name);
    CHECK(same_bits(read[i].value, tensors[i].value));
  }
  CHECK(format_npz(tensors) == format_npz(tensors));
  CHECK((format_npy(tensors[0].value).size() - 24) % 64 == 0);
}

TEST_CASE("NPY: as NumPy writes it") {
  // numpy.save of array([1, 2], dtype='<i4'), NumPy 1.24.
  std::string header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,), }";
  header.append(117 - header.size(), ' ');
  header += '\n';
  const std::string data("\1\0\0\0\2\0\0\0", 8);
  CHECK(same_bits(parse_npy(bytes_of(npy(header, data)), "a"), Tensor(Shape{2}, std::vector<int32_t>{1, 2})));
  CHECK(format_npy(Tensor(Shape{2}, std::vector<int32_t>{1, 2})) == npy(header, data));
  CHECK(parse_npy(bytes_of(npy(header, data, 2)), "a").number(1) == 2);
  CHECK(
      parse_npy(bytes_of(npy("{\"shape\": (1, 1), \"fortran_order\": False, \"descr\": \"|u1\"}", "\7")), "a")
          .shape() == Shape{1, 1});
  CHECK(parse_npy(bytes_of(npy("{'descr': '|u1', 'fortran_order': False, 'shape': ()}", "\7")), "a")
            .number(0) == 7);
}

TEST_CASE("NPY: malformed files") {
  const auto header = [](const std::string& descriptor, const std::string& order, const std::string& shape) {
    return "{'descr': " + descriptor + ", 'fortran_order': " + order + ", 'shape': " + shape + ", }";
  };
  CHECK_THAT(npy_error(""), Catch::Contains("not an NPY file"));
  CHECK_THAT(npy_error("PK\3\4"), Catch::Contains("not an NPY file"));
  CHECK_THAT(npy_error("\x93NUMPY\1"), Catch::Contains("truncated"));
  CHECK_THAT(npy_error(npy(good_header, eight, 9)), Catch::Contains("version 9"));
  CHECK_THAT(npy_error(npy(good_header, eight).substr(0, 30)), Catch::Contains("truncated"));
  CHECK_THAT(npy_error(npy(good_header, eight, 2).substr(0, 11)), Catch::Contains("truncated"));
  CHECK_THAT(npy_error(npy(good_header, eight.substr(1))), Catch::Contains("do not make 7 bytes"));
  CHECK_THAT(npy_error(npy(good_header, eight + "x")), Catch::Contains("do not make 9 bytes"));
  CHECK_THAT(npy_error(npy(header("'<f4'", "True", "(2, 1)"), eight)), Catch::Contains("Fortran order"));
  CHECK_THAT(npy_error(npy(header("'>f4'", "False", "(2,)"), eight)),
             Catch::Contains("'>f4' is not supported"));
  CHECK_THAT(npy_error(npy(header("'<U2'", "False", "(1,)"), eight)), Catch::Contains("not supported"));
  CHECK_THAT(npy_error(npy(header("[('a', '<f4')]", "False", "(2,)"), eight)), Catch::Contains("structured"));
  CHECK_THAT(npy_error(npy(header("'|b1'", "False", "(2,)"), "\1\2")), Catch::Contains("not a bool"));
  CHECK_THAT(npy_error(npy(header("'<f4'", "False", "(-2,)"), eight)), Catch::Contains("bad extent"));
  CHECK_THAT(npy_error(npy(header("'<f4'", "False", "(2.0,)"), eight)), Catch::Contains("expected ')'"));
  CHECK_THAT(npy_error(npy(header("'<f4'", "False", "(4294967296, 4294967296, 2)"), eight)),
             Catch::Contains("do not make"));
  CHECK_THAT(npy_error(npy(header("'<f4'", "False", "(99999999999999999999,)"), eight)),
             Catch::Contains("bad extent"));
  CHECK_THAT(npy_error(npy(header("'<f8'", "False", "(2305843009213693953,)"), eight)),
             Catch::Contains("do not make"));
  CHECK_THAT(npy_error(npy(header("'<f4'", "Maybe", "(2,)"), eight)), Catch::Contains("True or False"));
  CHECK_THAT(npy_error(npy("{'descr': '<f4'}", eight)), Catch::Contains("a key is missing"));
  CHECK_THAT(npy_error(npy("{'descr': '<f4', 'descr': '<f4'}", eight)), Catch::Contains("unexpected key"));
  CHECK_THAT(npy_error(npy("{'other': 1}", eight)), Catch::Contains("unexpected key 'other'"));
  CHECK_THAT(npy_error(npy("{'descr", eight)), Catch::Contains("without end"));
  CHECK_THAT(npy_error(npy("{", eight)), Catch::Contains("expected a string"));
  CHECK_THAT(npy_error(npy("", eight)), Catch::Contains("expected '{'"));
  CHECK_THAT(npy_error(npy(good_header + "rest", eight)), Catch::Contains("after the dictionary"));
  std::string axes = "(";
  for (int i = 0; i < 40; ++i) axes += "1,";
  CHECK_THAT(npy_error(npy(header("'<f4'", "False", axes + ")"), eight)), Catch::Contains("32 axes"));
}

TEST_CASE("NPZ: malformed archives") {
  const std::string good = format_npz(samples());
  const size_t first = central(good), end = end_record(good);
  CHECK_THAT(npz_error(""), Catch::Contains("too short"));
  CHECK_THAT(npz_error(std::string(100, 'x')), Catch::Contains("end is missing"));
  CHECK_THAT(npz_error(good.substr(0, good.size() - 1)), Catch::Contains("truncated"));
  CHECK_THAT(npz_error(good.substr(0, good.size() / 2)), Catch::Contains("truncated"));
  CHECK_THAT(npz_error(good + "x"), Catch::Contains("end is missing"));
  CHECK_THAT(npz_error(good.substr(10)), Catch::Contains("outside of the file"));
  CHECK_THAT(npz_error(with(good, end + 16, 0xfffffff0, 4)), Catch::Contains("outside of the file"));
  CHECK_THAT(npz_error(with(good, end + 12, 0xfffffff0, 4)), Catch::Contains("outside of the file"));
  CHECK_THAT(npz_error(with(good, end + 16, 0xffffffff, 4)), Catch::Contains("64-bit directory is missing"));
  CHECK_THAT(npz_error(with(good, end + 10, 0xfff0, 2)), Catch::Contains("too small for its members"));
  CHECK_THAT(npz_error(with(good, end + 10, samples().size() + 1, 2)),
             Catch::Contains("too small for its members"));
  CHECK_THAT(npz_error(with(good, first, 0, 4)), Catch::Contains("damaged"));
  CHECK_THAT(npz_error(with(good, first + 28, 0xffff, 2)), Catch::Contains("damaged"));
  CHECK_THAT(npz_error(with(good, first + 8, 1, 2)), Catch::Contains("encrypted"));
  CHECK_THAT(npz_error(with(good, first + 10, 12, 2)), Catch::Contains("method 12"));
  CHECK_THAT(npz_error(with(good, first + 10, 8, 2)), Catch::Contains("damaged"));
  CHECK_THAT(npz_error(with(good, first + 16, 0, 4)), Catch::Contains("checksum differs"));
  CHECK_THAT(npz_error(with(good, first + 24, 5, 4)), Catch::Contains("sizes of member"));
  CHECK_THAT(npz_error(with(good, first + 24, 0xfffffffe, 4)), Catch::Contains("claims 4294967294 bytes"));
  CHECK_THAT(npz_error(with(good, first + 20, 0xfffffffe, 4)), Catch::Contains("beyond the end"));
  CHECK_THAT(npz_error(with(good, first + 42, 4, 4)), Catch::Contains("not where the directory says"));
  CHECK_THAT(npz_error(with(good, first + 42, 0xfffffffe, 4)),
             Catch::Contains("not where the directory says"));
  CHECK_THAT(npz_error(with(good, 30, 'y', 1)), Catch::Contains("another name"));
  CHECK_THAT(npz_error(with(good, good.find("fortran"), 'F', 1)), Catch::Contains("checksum differs"));
  CHECK_THAT(npz_error(format_zip({{"readme.txt", "hello"}})), Catch::Contains("not an NPY file"));
  CHECK_THAT(npz_error(format_zip({{"a.npy", "hello"}})), Catch::Contains("array 'a': not an NPY file"));
  const std::string one = npy(good_header, eight);
  CHECK_THAT(npz_error(format_zip({{"a.npy", one}, {"a.npy", one}})), Catch::Contains("two members"));
  // Both members point to the first one's bytes.
  std::string overlapping = format_zip({{"a.npy", one}, {"a.npx", one}});
  const size_t second = overlapping.rfind("PK\1\2");
  put(overlapping, second + 42, 0, 4);
  overlapping[second + 46 + 4] = 'y';
  CHECK_THAT(npz_error(overlapping), Catch::Contains("two members"));
}

TEST_CASE("deflated members, and those that lie about their size") {
  std::string text(100000, 'a');
  std::vector<Bytef> deflated(1000);
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(text.data());
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = deflated.data();
  stream.avail_out = static_cast<uInt>(deflated.size());
  REQUIRE(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  const auto* begin = reinterpret_cast<const std::byte*>(deflated.data());
  const ByteView compressed(begin, stream.total_out);
  deflateEnd(&stream);

  CHECK(text_of(inflate_exactly(compressed, text.size(), false, "a")) == text);
  const auto inflate_error = [](ByteView bytes, uint64_t size) {
    return error_of(ErrorKind::program, [&] { inflate_exactly(bytes, size, false, "a"); });
  };
  CHECK_THAT(inflate_error(compressed, 99999), Catch::Contains("more than 99999"));
  CHECK_THAT(inflate_error(compressed, 10), Catch::Contains("more than 10"));
  CHECK_THAT(inflate_error(compressed, 100001), Catch::Contains("found 100000"));
  CHECK_THAT(inflate_error(compressed.first(compressed.size() - 4), text.size()), Catch::Contains("damaged"));
  CHECK_THAT(inflate_error({}, 1), Catch::Contains("damaged"));

  // The same stream as a member: method 8, its true size and checksum in the directory.
  std::string archive = format_zip({{"a.npy", text_of(compressed)}});
  const size_t at = central(archive);
  put(archive, at + 10, 8, 2);
  put(archive, at + 24, text.size(), 4);
  put(archive, at + 16, crc32(0, reinterpret_cast<const Bytef*>(text.data()), static_cast<uInt>(text.size())),
      4);
  CHECK(text_of(parse_zip(bytes_of(archive), "a")[0].contents) == text);
  put(archive, at + 24, 1032 * (compressed.size() + 1), 4);
  CHECK_THAT(npz_error(archive), Catch::Contains("claims"));
}
