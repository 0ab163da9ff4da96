// print_objects THREADS < LOOPS: a digest of every object file that a loop text becomes. Two processes must
// agree.
#include <cstdlib>
#include <iostream>
#include <iterator>

#include "codegen/llvm/compile.h"
#include "ir/digest.h"
#include "ir/loop/text.h"

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const std::string text(std::istreambuf_iterator<char>(std::cin), {});
  gradus::CompileOptions options;
  options.threads = std::atoi(argv[1]);
  const auto program = gradus::loop::parse_program(text);
  for (const std::string& object :
       gradus::compile_to_objects(program, gradus::target_named("native"), options)) {
    gradus::Digest digest;
    digest.add(object);
    std::cout << digest.text() << " " << object.size() << "\n";
  }
}
