# Writes OUTPUT: a C++ file that holds the texts of FILES. Run at build time as
#   cmake -DOUTPUT=… "-DFILES=a.gradus;b.gradus" -P embed.cmake
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" hex HEX)
  string(LENGTH "${hex}" length)
  # Raw string literals are limited in length by some compilers; bytes are not, and need no delimiter.
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(MAKE_C_IDENTIFIER "${name}" identifier)
  string(APPEND arrays "constexpr char ${identifier}[] = {${bytes}0};\n")
  string(APPEND entries "    {\"library/${name}\", {${identifier}, sizeof ${identifier} - 1}},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"frontend/library/library.h\"

namespace gradus::library {

namespace {

${arrays}
constexpr Text all[] = {
${entries}};

}  // namespace

std::span<const Text> texts() { return all; }

}  // namespace gradus::library
")
