// The standard streams of the process. What is lost on standard error is lost silently: there is nowhere to
// say so, and no result depends on it.
#pragma once

#include <cstddef>
#include <string>

namespace gradus::command_line {

// A stream that was closed keeps its number: otherwise the next file would get it, and with it what is meant
// for the stream. Reading and writing fail as before.
void keep_standard_streams();

// Texts are written by hand or dumped: fails beyond a gigabyte.
void require_text_length(const std::string& name, size_t bytes);

// Until its end. Fails for what is no text: it is longer than a gigabyte or holds a zero byte.
std::string read_standard_input();

// Fails if anything printed on standard output has not arrived.
void finish_output();

}  // namespace gradus::command_line
