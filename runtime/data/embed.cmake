# Writes OUTPUT: a C++ file that holds the bytes of FILES. Run at build time as
#   cmake -DOUTPUT=… "-DFILES=a.csv;b.csv.gz" -P embed.cmake
set(arrays "")
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" hex HEX)
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  string(MAKE_C_IDENTIFIER "${name}" identifier)
  string(APPEND arrays "constexpr unsigned char ${identifier}[] = {${bytes}};\n")
  string(APPEND entries "    {\"${name}\", ${identifier}},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"runtime/data/embedded_files.h\"

namespace gradus {

namespace {

${arrays}
constexpr EmbeddedFile all[] = {
${entries}};

}  // namespace

std::span<const EmbeddedFile> embedded_files() { return all; }

}  // namespace gradus
")
