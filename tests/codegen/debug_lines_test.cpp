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

// The line of the model that a line of the loop text names, or else what it lies in; 0 if there is none.
uint32_t model_line(const std::vector<std::string>& text, uint32_t line) {
  const std::string place = "(\"two.gradus\":";
  for (size_t indent = std::string::npos; line > 0; --line) {
    const std::string& statement = text[line - 1];
    const size_t own = statement.find_first_not_of(' ');
    if (own >= indent) continue;
    indent = own;
    if (const size_t at = statement.find(place); at != std::string::npos)
      return static_cast<uint32_t>(std::stoul(statement.substr(at + place.size())));
  }
  return 0;
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

// Both lines in one kernel: h is read twice, so it has a statement of its own.
Graph fused_lines() {
  GraphBuilder b("two"), body("kernel", {.ids = b.ids()});
  const Type type(ElementType::f32, {64, 50});
  const Value a = body.input("a", InputKind::data, type);
  Value h;
  {
    const OriginScope scope(body, line_of_model(2));
    h = body.add(OpId::tanh, {build::mul(body, a, a)});
  }
  {
    const OriginScope scope(body, line_of_model(3));
    body.add_result("", build::mul(body, h, h));
  }
  const Value x = b.input("x", InputKind::data, type);
  const OriginScope scope(b, line_of_model(3));
  b.add_result("y", b.add(OpId::kernel, {x}, {}, std::make_shared<const Graph>(std::move(body).finish())));
  return std::move(b).finish();
}

TEST_CASE("a statement of a kernel carries the place of the node that it computes") {
  const loop::Program program = lower(fused_lines(), target_named("x86-64-v3"));
  const std::string printed = loop::print(program);
  INFO(printed);
  REQUIRE(loop::print(loop::parse_program(printed)) == printed);
  const std::vector<std::string> text = lines_of(printed);
  const auto line_with = [&](const std::string& piece) {
    for (uint32_t line = 1; line <= text.size(); ++line)
      if (text[line - 1].find(piece) != std::string::npos) return line;
    return uint32_t{0};
  };
  REQUIRE(model_line(text, line_with(" = tanh(")) == 2);
  REQUIRE(model_line(text, line_with("%out0[%")) == 3);
  // What a kernel comes from is no part of its code.
  REQUIRE(loop::print(program.functions.at(0), false, loop::ShowOrigins::no).find("two.gradus") ==
          std::string::npos);
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
    REQUIRE(lines.at(&program.functions[f]) == read.functions[f].span.line);
    const loop::Block &own = program.functions[f].body, &parsed = read.functions[f].body;
    REQUIRE(own.size() == parsed.size());
    for (size_t i = 0; i < own.size(); ++i) REQUIRE(lines.at(&own[i]) == parsed[i].span.line);
  }
  REQUIRE(lines.at(&program.main) == read.main.span.line);
}

}  // namespace
}  // namespace gradus
