// How text from outside (names of files, settings, tags, dtypes, lines of a source) is shown to a person.
//
// It may hold anything: terminal escapes, bytes that are no UTF-8, a megabyte without a blank. `render` of
// ir/error.h sends every diagnostic through here, so a message need not think of it; what is printed in
// another way calls `printable`.
#pragma once

#include <cmath>
#include <string>
#include <string_view>

namespace gradus {

// Bytes of the UTF-8 sequence at the start of `text`; 0 if there is no valid one (RFC 3629).
size_t utf8_sequence(std::string_view text);

// Control characters, marks that change the direction of writing, and bytes that are not UTF-8 become
// escapes:
// \n, \x1b, \u{202e}. Printable text stays as it is, so that doing it twice changes nothing.
std::string printable(std::string_view text);

// The same for a whole message: words, and the message, that are too long to be read are cut in their middle.
std::string printable_message(std::string_view text);

// A name within a message: quoted, printable, cut after `longest` bytes.
std::string shown(std::string_view text, size_t longest = 40);

// A number to be printed: that a nan has a sign means nothing to a reader.
inline double unsigned_nan(double value) { return std::isnan(value) ? std::abs(value) : value; }
// Its shortest digits that read back the same.
std::string shown_number(double value);

}  // namespace gradus
