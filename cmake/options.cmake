# Compile options of every target of ours, and the function that makes a library.

add_library(gradus_options INTERFACE)
target_include_directories(gradus_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_options(gradus_options INTERFACE
  -Wall -Wextra -Wpedantic $<$<CXX_COMPILER_ID:GNU>:-Wshadow=local> -Wnon-virtual-dtor -Wold-style-cast -Wcast-qual -Woverloaded-virtual
  -Werror
  # Results must not depend on the host compiler's freedom to fuse a*b+c.
  -ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these falsely inside its own std::string and std::vector.
  target_compile_options(gradus_options INTERFACE
    -Wno-restrict -Wno-stringop-overflow -Wno-array-bounds -Wno-maybe-uninitialized -Wno-dangling-pointer
    -Wno-free-nonheap-object)
endif()

if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # libstdc++ 12 itself uses what it deprecates; `&` joins masks, which are bool on the host only.
  target_compile_options(gradus_options INTERFACE -Wno-deprecated-declarations -Wno-bitwise-instead-of-logical)
endif()

set(GRADUS_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined")
if(GRADUS_SANITIZE)
  target_compile_options(gradus_options INTERFACE
    -fsanitize=${GRADUS_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer
    # A check of calls through pointers reads in front of the function, where compiled models have nothing.
    $<$<CXX_COMPILER_ID:Clang>:-fno-sanitize=function>)
  target_link_options(gradus_options INTERFACE -fsanitize=${GRADUS_SANITIZE})
  target_compile_definitions(gradus_options INTERFACE GRADUS_SANITIZED)
endif()

# Most of the sanitized suite's time is compiling: what takes little of its running is not optimized. Called by a folder.
macro(gradus_compile_fast_if_sanitized)
  if(GRADUS_SANITIZE)
    add_compile_options(-O0)
  endif()
endmacro()

option(GRADUS_FUZZ "Build the libFuzzer targets of tests/fuzz (clang)" OFF)

# gradus_library(NAME [WITHOUT_SUBFOLDERS] [LINKS targets…]): all .cpp files of the calling folder and below it. The
# links are the only libraries whose headers the folder may include; that is how the floors of DESIGN are enforced.
function(gradus_library name)
  cmake_parse_arguments(arg "WITHOUT_SUBFOLDERS" "" "LINKS" ${ARGN})
  set(search GLOB_RECURSE)
  if(arg_WITHOUT_SUBFOLDERS)
    set(search GLOB)
  endif()
  file(${search} sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  add_library(${name} STATIC ${sources})
  target_link_libraries(${name} PUBLIC gradus_options ${arg_LINKS})
endfunction()
