// From an address of a kernel's code to the line of the loop text, and from there to the line of the model,
// as a profiler's reader would go.
#include <llvm/DebugInfo/DWARF/DWARFContext.h>
#include <llvm/Object/ELFObjectFile.h>
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "codegen/llvm/compile.h"
#include "codegen/lower/lower.h"
#include "ir/build.h"
#include "ir/loop/text.h"

namespace gradus {
namespace {

const std::vector<std::string> model = {"model two(x) -> y {", "  h = tanh(x * x)", "  y = sum(h, axis: 1)",
                                        "}"};

Origins line_of_model(uint32_t line) {
  return {Origin::source({{"two", SourceSpan{"two.gradus", line, 7, 8}}})};
}

Graph two_lines() {
  GraphBuilder b("two");
  const Value x = b.input("x", InputKind::data, Type(ElementType::f32, {64, 50}));
  Value y;
  {
    const OriginScope scope(b, line_of_model(2));
    y = b.add(OpId::tanh, {build::mul(b, x, x)});
  }
  const OriginScope scope(b, line_of_model(3));
  b.add_result("y", build::sum(b, y, {1}));
  return std::move(b).finish();
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

struct ObjectFile {
  explicit ObjectFile(const std::string& bytes)
      : buffer(llvm::MemoryBuffer::getMemBuffer(bytes, "", false)),
        file(llvm::cantFail(llvm::object::ObjectFile::createObjectFile(*buffer))),
        debug(llvm::DWARFContext::create(*file)) {}

  std::string code() const {
    std::string all;
    for (const llvm::object::SectionRef& section : file->sections())
      if (section.isText()) all += llvm::cantFail(section.getContents()).str();
    return all;
  }

  std::unique_ptr<llvm::MemoryBuffer> buffer;
  std::unique_ptr<llvm::object::ObjectFile> file;
  std::unique_ptr<llvm::DWARFContext> debug;
};

// The line of the model that the function around a line of the loop text names; 0 if it names none.
uint32_t model_line(const std::vector<std::string>& text, uint32_t line) {
  while (line > 0 && text[line - 1].find("  function @") != 0) --line;
  if (line == 0) return 0;
  const std::string place = "(\"two.gradus\":";
  const size_t at = text[line - 1].find(place);
  return at == std::string::npos
             ? 0
             : static_cast<uint32_t>(std::stoul(text[line - 1].substr(at + place.size())));
}

TEST_CASE("an address in a kernel leads to its statement and to the model's line") {
  const Target target = target_named("native");
  const loop::Program program = lower(two_lines(), target);
  const std::vector<std::string> text = lines_of(loop::print(program));
  CompileOptions options;
  options.verify = options.debug_lines = true;
  const std::vector<std::string> objects = compile_to_objects(program, target, options);
  REQUIRE(objects.size() == 1);
  const ObjectFile object(objects[0]);
  std::map<std::string, std::set<std::string>> statements_of;  // by the model's line, what code stands for
  size_t kernels = 0, covered[2] = {0, 0};
  for (const llvm::object::SymbolRef& symbol : object.file->symbols()) {
    if (llvm::cantFail(symbol.getType()) != llvm::object::SymbolRef::ST_Function) continue;
    const std::string name = llvm::cantFail(symbol.getName()).str();
    if (name.rfind("math.", 0) == 0) continue;
    INFO(name);
    const uint64_t begin = llvm::cantFail(symbol.getAddress());
    const uint64_t end = begin + llvm::object::ELFSymbolRef(symbol).getSize();
    const uint64_t section = llvm::cantFail(symbol.getSection())->getIndex();
    for (uint64_t address = begin; address < end; ++address) {
      const llvm::DILineInfo found = object.debug->getLineInfoForAddress({address, section});
      REQUIRE(found.FileName == "two.loops");
      ++covered[found.Line > 0];
      if (found.Line == 0) continue;  // merged from several statements, or the code generator's own
      REQUIRE(found.Line <= text.size());
      // The line lies in the text of this very function.
      uint32_t header = found.Line;
      while (text[header - 1].find("  function @") != 0 && text[header - 1].find("  main (") != 0) --header;
      if (name == "gradus_main") {
        REQUIRE(text[header - 1].find("  main (") == 0);
        continue;
      }
      const std::string function = name.substr(0, name.find('.'));
      REQUIRE(text[header - 1].find("  function @" + function + " (") == 0);
      if (const uint32_t line = model_line(text, found.Line); line > 0)
        statements_of[model.at(line - 1)].insert(text[found.Line - 1]);
    }
    kernels += name.find("tanh_") == 0 || name.find("sum_") == 0;
  }
  REQUIRE(kernels >= 2);
  CAPTURE(covered[0], covered[1]);
  REQUIRE(covered[1] > 9 * covered[0]);
  const auto has = [](const std::set<std::string>& statements, const std::string& piece) {
    return std::any_of(statements.begin(), statements.end(),
                       [&](const std::string& s) { return s.find(piece) != std::string::npos; });
  };
  REQUIRE(has(statements_of["  h = tanh(x * x)"], "tanh("));
  REQUIRE(has(statements_of["  y = sum(h, axis: 1)"], "for %"));
  REQUIRE(!has(statements_of["  y = sum(h, axis: 1)"], "tanh("));
}

TEST_CASE("debug lines change no instruction, and are there only if asked for") {
  const Target target = target_named("native");
  const loop::Program program = lower(two_lines(), target);
  CompileOptions options;
  const std::vector<std::string> bare = compile_to_objects(program, target, options);
  options.debug_lines = true;
  const std::vector<std::string> told = compile_to_objects(program, target, options);
  const ObjectFile without(bare.at(0)), with(told.at(0));
  REQUIRE(!without.code().empty());
  REQUIRE(without.code() == with.code());
  REQUIRE(without.debug->getNumCompileUnits() == 0);
  REQUIRE(with.debug->getNumCompileUnits() == 1);
}

TEST_CASE("lines of the printed text are those of its functions and statements") {
  const loop::Program program = lower(two_lines(), target_named("x86-64-v3"));
  loop::Lines lines;
  const std::string text = loop::print(program, &lines);
  REQUIRE(text == loop::print(program));
  const loop::Program read = loop::parse_program(text);
  for (size_t f = 0; f < program.functions.size(); ++f) {
    REQUIRE(lines.at(&program.functions[f]) == read.functions[f].place.line);
    const loop::Block &own = program.functions[f].body, &parsed = read.functions[f].body;
    REQUIRE(own.size() == parsed.size());
    for (size_t i = 0; i < own.size(); ++i) REQUIRE(lines.at(&own[i]) == parsed[i].place.line);
  }
  REQUIRE(lines.at(&program.main) == read.main.place.line);
}

}  // namespace
}  // namespace gradus
