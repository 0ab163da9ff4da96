# Writes OUTPUT: a C++ file that holds the texts of FILES. Run at build time as
#   cmake -DOUTPUT=… "-DFILES=a.gradus;b.gradus" -P embed.cmake
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" text)
  string(APPEND entries "    {\"library/${name}\", R\"gradus(${text})gradus\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"frontend/library/library.h\"

namespace gradus::library {

namespace {

constexpr Text all[] = {
${entries}};

}  // namespace

std::span<const Text> texts() { return all; }

}  // namespace gradus::library
")
