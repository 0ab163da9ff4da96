#include "runtime/data/safetensors.h"

#include "runtime/data/little_endian.h"
#include "tests/runtime/data/helpers.h"

using namespace gradus;
using namespace gradus::test;

namespace {

std::string file_with(const std::string& header, size_t data_bytes) {
  std::string out;
  append_little_endian<uint64_t>(out, header.size());
  return out + header + std::string(data_bytes, '\0');
}

std::string error(const std::string& file) {
  return error_of(ErrorKind::program, [&] { parse_safetensors(bytes_of(file), "a.safetensors"); });
}

std::string entry(const std::string& name, const std::string& type, const std::string& shape,
                  const std::string& offsets) {
  return "\"" + name + "\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets +
         "}";
}

std::string error_of_entry(const std::string& type, const std::string& shape, const std::string& offsets,
                           size_t data_bytes) {
  return error(file_with("{" + entry("w", type, shape, offsets) + "}", data_bytes));
}

}  // namespace

TEST_CASE("safetensors: written and read back") {
  const TemporaryFolder folder;
  const Tensor x(Shape{2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6}), d = Tensor::scalar(0.1);
  const Tensor b(Shape{3}, std::vector<bool>{true, false, true}), half(Type(ElementType::bf16, {3}));
  const Tensor empty(Type(ElementType::i64, {0, 4}));
  const std::vector<TensorReference> tensors = {
      {"blocks[0].w", &x}, {"b", &b}, {"half", &half}, {"d", &d}, {"empty", &empty}};
  const Metadata metadata = {{"step", "12"}, {"text", "ü \"quoted\""}};
  write_safetensors(folder.file("a"), tensors, metadata);
  const Safetensors read = read_safetensors(folder.file("a"));
  CHECK(read.metadata == metadata);
  REQUIRE(read.tensors.size() == tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    CHECK(read.tensors[i].name == tensors[i].name);
    CHECK(same_bits(read.tensors[i].value, *tensors[i].tensor));
  }
  const Bytes bytes = read_file(folder.file("a"));
  CHECK(load_little_endian<uint64_t>(bytes, 0) % 8 == 0);
  write_safetensors(folder.file("b"), tensors, metadata);
  CHECK(read_file(folder.file("b")) == bytes);
  const std::vector<TensorReference> bad = {{"\xff", &x}};
  CHECK_THROWS_AS(write_safetensors(folder.file("c"), bad), Error);
  CHECK(folder.entries() == 2);
}

TEST_CASE("safetensors: the smallest files") {
  CHECK(parse_safetensors(bytes_of(file_with("{}", 0)), "a").tensors.empty());
  const std::string text = "{" + entry("w", "U8", "[]", "[0,1]") + "}  ";
  CHECK(parse_safetensors(bytes_of(file_with(text, 1)), "a").tensors[0].value.type() ==
        Type(ElementType::u8));
}

TEST_CASE("safetensors: malformed files") {
  CHECK_THAT(error(""), Catch::Contains("too short"));
  CHECK_THAT(error("1234567"), Catch::Contains("too short"));
  CHECK_THAT(error(std::string(8, '\xff')), Catch::Contains("a header of"));
  CHECK_THAT(error(file_with("{}", 0).substr(0, 9)), Catch::Contains("header is truncated"));
  CHECK_THAT(error(file_with("", 10)), Catch::Contains("does not start"));
  CHECK_THAT(error(file_with(" {}", 0)), Catch::Contains("does not start"));
  CHECK_THAT(error(file_with("{", 0)), Catch::Contains("not JSON"));
  CHECK_THAT(error(file_with("{} x", 0)), Catch::Contains("not JSON"));
  CHECK_THAT(error(file_with("{}", 3)), Catch::Contains("3 bytes at the end"));
  CHECK_THAT(error(file_with("{\"w\":1}", 0)), Catch::Contains("must have"));
  CHECK_THAT(error(file_with("{\"w\":{\"dtype\":\"F32\"}}", 0)), Catch::Contains("must have"));
  CHECK_THAT(error(file_with("{\"w\":{\"dtype\":\"F32\",\"shape\":[],\"data_offsets\":[0,4],\"x\":1}}", 4)),
             Catch::Contains("must have"));
  CHECK_THAT(error(file_with("{\"__metadata__\":[]}", 0)), Catch::Contains("not a map"));
  CHECK_THAT(error(file_with("{\"__metadata__\":{\"a\":1}}", 0)), Catch::Contains("not a string"));
  CHECK_THAT(error(file_with(
                 "{" + entry("w", "U8", "[1]", "[0,1]") + "," + entry("w", "U8", "[1]", "[1,2]") + "}", 2)),
             Catch::Contains("'w' appears twice"));
  CHECK_THAT(
      error(file_with("{\"w\":{\"dtype\":\"U8\",\"shape\":[1],\"shape\":[1],\"data_offsets\":[0,1]}}", 1)),
      Catch::Contains("'shape' appears twice"));
  CHECK_THAT(error(file_with("{\"w\":" + std::string(10000, '[') + std::string(10000, ']') + "}", 0)),
             Catch::Contains("nested too deeply"));
  CHECK_THAT(error_of_entry("F32", "[1]", "[0,4]", 3), Catch::Contains("of 3 bytes"));
  CHECK_THAT(error_of_entry("F32", "[1]", "[0,4]", 5), Catch::Contains("1 bytes at the end"));
  CHECK_THAT(error_of_entry("F32", "[1]", "[1,5]", 5), Catch::Contains("1 bytes before 'w'"));
  CHECK_THAT(error_of_entry("F32", "[1]", "[4,0]", 4), Catch::Contains("lies at 4..0"));
  CHECK_THAT(error_of_entry("F32", "[2]", "[0,4]", 4), Catch::Contains("is f32[2] but has 4 bytes"));
  CHECK_THAT(error_of_entry("F33", "[1]", "[0,4]", 4), Catch::Contains("'F33' of 'w'"));
  CHECK_THAT(error_of_entry("F32", "[-1]", "[0,4]", 4), Catch::Contains("not a list of sizes"));
  CHECK_THAT(error_of_entry("F32", "[1.0]", "[0,4]", 4), Catch::Contains("not a list of sizes"));
  CHECK_THAT(error_of_entry("F32", "[1e400]", "[0,4]", 4), Catch::Contains("not JSON"));
  CHECK_THAT(error_of_entry("F32", "{}", "[0,4]", 4), Catch::Contains("not a list of numbers"));
  CHECK_THAT(error_of_entry("F32", "[18446744073709551615]", "[0,4]", 4),
             Catch::Contains("not a list of sizes"));
  CHECK_THAT(error_of_entry("F32", "[4294967296,4294967296]", "[0,4]", 4), Catch::Contains("too large"));
  CHECK_THAT(error_of_entry("F32", "[4294967296,4294967297,0]", "[0,0]", 0), Catch::Contains("too large"));
  CHECK_THAT(error_of_entry("F32", "[1]", "[0]", 4), Catch::Contains("not two numbers"));
  CHECK_THAT(error_of_entry("F32", "[1]", "[0,-4]", 4), Catch::Contains("not two numbers"));
  CHECK_THAT(error_of_entry("F32", "[1]", "[0,4.0]", 4), Catch::Contains("not two numbers"));
  CHECK_THAT(error_of_entry("F32", "[1]", "[0,18446744073709551616]", 4), Catch::Contains("not two numbers"));
  CHECK_THAT(error(file_with(
                 "{" + entry("a", "U8", "[2]", "[0,2]") + "," + entry("b", "U8", "[2]", "[1,3]") + "}", 3)),
             Catch::Contains("'b' overlaps"));
  std::string bad_bool = file_with("{" + entry("b", "BOOL", "[1]", "[0,1]") + "}", 1);
  bad_bool.back() = 2;
  CHECK_THAT(error(bad_bool), Catch::Contains("neither 0 nor 1"));
}
