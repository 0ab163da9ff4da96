// The canonical layout of a text. Where lines end is the author's choice; the formatter decides about what
// stands before and between the tokens of a line, and about blank lines:
//
//   - two spaces for each open block; a line that goes on with a statement stands two further to the right,
//   or stays
//     where it is aligned with what follows a `=`, `:` or leading word of the statement; inside ( and [ it
//     stands below what follows the bracket
//   - one space between tokens, none where the language is written without; more only where the same tokens
//   of
//     neighbouring statements are aligned, which they stay
//   - comments stay where they are; behind a statement they keep their column, two spaces away at least
//   - at most one blank line, none at the ends of blocks, one between definitions that are longer than a line
#pragma once

#include <string>
#include <string_view>

namespace gradus::language {

// The same tokens and comments, hence the same syntax tree; formatting twice changes nothing. Throws Error
// with the syntax errors of a text that has some: it is not touched then.
std::string format(std::string_view text, const std::string& file);

}  // namespace gradus::language
