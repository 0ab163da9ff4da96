// Files that are written to be read again tell every byte that has changed.
#include <cstring>
#include <fstream>

#include "runtime/data/checksum.h"
#include "runtime/data/numpy.h"
#include "runtime/data/safetensors.h"
#include "runtime/training/checkpoint.h"
#include "runtime/training/early_stopping.h"
#include "runtime/training/run_folder.h"
#include "tests/runtime/data/helpers.h"
#include "tests/runtime/training/fake_steps.h"

using namespace gradus;
using namespace gradus::test;

namespace {

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

std::string bytes_of_tensor(const Tensor& tensor) {
  return to_string(tensor.type()) +
         std::string(static_cast<const char*>(tensor.data()), static_cast<size_t>(tensor.bytes()));
}

// Everything that a file says, so that two can be compared.
std::string contents(const Snapshot& snapshot) {
  std::string all;
  for (const Tensor& tensor : snapshot) all += bytes_of_tensor(tensor);
  return all;
}

std::string contents(const SavedTraining& saved) {
  std::string all;
  for (const auto& [name, numbers] : saved.numbers)
    all += name + bytes_of_tensor(Tensor(Shape{static_cast<int64_t>(numbers.size())}, numbers));
  for (const auto& [epoch, snapshot] : saved.snapshots) all += std::to_string(epoch) + contents(*snapshot);
  return all;
}

std::string contents(const CheckpointInfo& info) {
  return info.program + " " + std::to_string(info.seed) + " " + std::to_string(info.epoch) + " " +
         std::to_string(info.step);
}

// Flips bits of one byte at every position of the file. `read` gives what the file says: that must be what it
// said before, or the file is refused.
template <class Read>
void flip_every_byte(const std::string& path, Read read) {
  const std::string whole = text_of(read_file(path)), expected = read();
  size_t refused = 0;
  for (size_t at = 0; at < whole.size(); ++at)
    for (const int bits : {0x01, 0x20, 0xff}) {
      std::string flipped = whole;
      flipped[at] = static_cast<char>(flipped[at] ^ bits);
      write(path, flipped);
      try {
        if (read() != expected) FAIL(path << ": byte " << at << " of " << whole.size() << ", bits " << bits);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::program) FAIL(path << ": byte " << at << ": " << error.what());
        ++refused;
      }
    }
  write(path, whole);
  CHECK(refused > 2 * whole.size());  // no more than spaces and the like may change
}

// Stopped in its middle, with parameters kept of an earlier epoch.
void train_half(const std::string& path) {
  FakeProgram program;
  DataSet data = line_data(10);
  data.training = {0, 1, 2, 3, 4, 5, 6, 7};
  data.validation = {8, 9};
  RunFolder folder({path, "line", "", {2, 0}, {{"program", "line"}}, {}, {}});
  EarlyStoppingOptions stopping_options;
  stopping_options.restore_best_weights = true;
  EarlyStopping stopping(stopping_options);
  TrainingOptions options;
  options.batch = 2;
  options.epochs = 3;
  options.metrics.all = {{"loss", true, {}}};
  options.callbacks = {&stopping, &folder};
  int steps = 0;
  options.interrupted = [&steps] { return ++steps == 6; };
  ParameterSet parameters = FakeProgram::parameters();
  train(program.steps(), data, parameters, options);
}

}  // namespace

TEST_CASE("one byte flipped at every position of a run's files: refused, or without effect") {
  const TemporaryFolder folder;
  const std::string run = folder.file("run");
  train_half(run);
  const std::string resume = run + "/resume.safetensors";
  flip_every_byte(resume, [&] {
    ParameterSet parameters = FakeProgram::parameters();
    const SavedTraining saved = load_training(resume, parameters, {{"program", "line"}});
    return contents(saved) + contents(parameters.snapshot());
  });
  for (const char* name : {"/best.safetensors", "/checkpoint.safetensors"})
    flip_every_byte(run + name, [&] {
      ParameterSet parameters = FakeProgram::parameters();
      const CheckpointInfo info = load_checkpoint(run + name, parameters);
      return contents(info) + contents(parameters.snapshot());
    });
}

TEST_CASE("one byte flipped at every position of an NPZ file: refused, or without effect") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a.npz");
  const std::vector<NamedTensor> arrays = {{"x", Tensor(Shape{2, 1}, std::vector<float>{1, 2})},
                                           {"y", Tensor(Shape{2}, std::vector<int32_t>{0, 1})}};
  write_npz(path, arrays);
  const std::string whole = text_of(read_file(path));
  const auto read = [&] {
    std::string all;
    for (const NamedTensor& array : read_npz(path)) all += array.name + bytes_of_tensor(array.value);
    return all;
  };
  flip_every_byte(path, read);
}

TEST_CASE("checksums are those of everybody else") {
  CHECK(Checksum().add(bytes_of("123456789")).text() == "cbf43926");  // the check value of CRC-32
  CHECK(Checksum().add({}).text() == "00000000");
  CHECK(Checksum().add_text("ab").add_text("c").value() != Checksum().add_text("a").add_text("bc").value());
}

TEST_CASE("safetensors: checksums in the metadata") {
  const TemporaryFolder folder;
  const std::string path = folder.file("a");
  const Tensor w(Shape{2}, std::vector<float>{1, 2});
  const std::vector<TensorReference> tensors = {{"w", &w}};
  write_safetensors(path, tensors, {{"step", "3"}});
  const std::string whole = text_of(read_file(path));
  CHECK(whole.find("\"crc32\":\"") != std::string::npos);
  CHECK(whole.find("\"crc32.w\":\"") != std::string::npos);
  CHECK(parse_safetensors(bytes_of(whole), "a").metadata == Metadata{{"step", "3"}});
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = whole;
    text.replace(text.find(from), from.size(), to);
    return error_of(ErrorKind::program, [&] { parse_safetensors(bytes_of(text), "a"); });
  };
  CHECK_THAT(changed("\"step\":\"3\"", "\"step\":\"4\""),
             Catch::Contains("checksum of the metadata differs"));
  CHECK_THAT(changed("\"w\":", "\"v\":"), Catch::Contains("checksum of 'v' is missing"));
  CHECK_THAT(changed("\"crc32\":", "\"crc-x\":"), Catch::Contains("checksum of the metadata is missing"));
  CHECK_THAT(changed(std::string("\0\0\x80\x3f", 4), std::string("\0\0\x80\x3e", 4)),
             Catch::Contains("the file is damaged: the checksum of 'w' differs"));
}

TEST_CASE("safetensors: a header of 100,000 tensors is written and read at once") {
  const Tensor w = Tensor::scalar(1.0F);
  std::vector<TensorReference> tensors;
  for (int i = 0; i < 100'000; ++i) tensors.push_back({"blocks[" + std::to_string(i) + "].weight", &w});
  std::string file = format_safetensors_header(tensors, {});
  for (size_t i = 0; i < tensors.size(); ++i) file.append(static_cast<const char*>(w.data()), 4);
  CHECK(parse_safetensors(bytes_of(file), "a").tensors.size() == 100'000);
}
