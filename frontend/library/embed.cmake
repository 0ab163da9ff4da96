# Writes OUTPUT: a C++ file that holds the texts of FILES, as `texts()` of gradus::NAMESPACE, which HEADER declares. Run at
# build time as
#   cmake -DOUTPUT=… "-DFILES=a.gradus;b.gradus" -DNAMESPACE=library -DHEADER=… -P embed.cmake
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  file(READ "${file}" text)
  string(APPEND entries "    {\"${NAMESPACE}/${name}\", R\"gradus(${text})gradus\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"${HEADER}\"

namespace gradus::${NAMESPACE} {

namespace {

constexpr Text all[] = {
${entries}};

}  // namespace

std::span<const Text> texts() { return all; }

}  // namespace gradus::${NAMESPACE}
")
