#include "tests/texts/mutate.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "ir/loop/expression.h"
#include "ir/op.h"
#include "ir/text/lexer.h"

namespace gradus::testing {

namespace {

using text::Token;
using text::TokenKind;

constexpr std::array<std::string_view, 22> numbers = {
    "0",  "1",  "2",   "3",    "4",      "7",          "8",          "15", "16", "17",  "63",
    "64", "65", "128", "1000", "100000", "2147483647", "4294967296", "-1", "-9", "-64", "281474976710656"};
constexpr std::array<std::string_view, 5> extreme = {"9223372036854775807", "-9223372036854775808",
                                                     "4611686018427387904", "1099511627776",
                                                     "18446744073709551616"};
constexpr std::array<std::string_view, 9> types = {"f32", "f64", "bf16", "f16", "i64",
                                                   "i32", "i8",  "u8",   "bool"};
constexpr std::array<std::string_view, 12> words = {"parallel", "vectorized", "unrolled", "read",
                                                    "write",    "update",     "param",    "state",
                                                    "seed",     "status",     "true",     "nan"};

constexpr std::string_view infix = "+-*/<";

template <class List>
std::string pick(const List& list, std::mt19937& random) {
  return std::string(list[random() % list.size()]);
}

// Where a token begins and ends in the text. A name does not hold its % or @, nor its quotes.
struct Piece {
  size_t begin, end;
  const Token* token;
};

std::vector<Piece> pieces_of(const std::string& text, const std::vector<Token>& tokens) {
  std::vector<Piece> pieces;
  for (const Token& token : tokens) {
    // The text of an invalid token is what a message calls it.
    if (token.kind == TokenKind::end || token.kind == TokenKind::invalid || token.text.empty()) continue;
    const auto begin = static_cast<size_t>(token.text.data() - text.data());
    pieces.push_back({begin, begin + token.text.size(), &token});
  }
  return pieces;
}

std::string other_word(const std::string& old, std::mt19937& random) {
  if (find_op(old)) return std::string(all_ops()[random() % all_ops().size()]->name);
  if (loop::scalar_op_named(old))
    return std::string(name(
        static_cast<loop::ScalarOp>(random() % (static_cast<unsigned>(loop::ScalarOp::random_bits) + 1))));
  if (std::find(types.begin(), types.end(), old) != types.end()) return pick(types, random);
  return pick(words, random);
}

bool means_much(const Token& token) {
  if (token.kind == TokenKind::punctuation)
    return token.text.size() == 1 && infix.find(token.text) != infix.npos;
  if (token.kind != TokenKind::word) return true;
  return find_op(token.text) || loop::scalar_op_named(token.text) ||
         std::find(types.begin(), types.end(), token.text) != types.end() ||
         std::find(words.begin(), words.end(), token.text) != words.end();
}

std::string other_number(std::mt19937& random) {
  return random() % 6 == 0 ? pick(extreme, random) : pick(numbers, random);
}

// Another number in a text like that of a place.
std::string other_number_in(const std::string& text, std::mt19937& random) {
  constexpr std::string_view digits = "0123456789";
  const size_t begin = text.find_first_of(digits, random() % (text.size() + 1));
  if (begin == text.npos) return text;
  const size_t end = std::min(text.find_first_not_of(digits, begin), text.size());
  return text.substr(0, begin) + other_number(random) + text.substr(end);
}

std::string other_token(const Piece& piece, const std::vector<Piece>& pieces, std::mt19937& random) {
  const std::string old(piece.token->text);
  const bool is_name = piece.token->kind == TokenKind::value || piece.token->kind == TokenKind::at;
  if (is_name || random() % 3 == 0) {  // one of its kind from elsewhere
    for (int attempt = 0; attempt < 50; ++attempt) {
      const Piece& other = pieces[random() % pieces.size()];
      if (other.token->kind == piece.token->kind && other.token->text != old)
        return std::string(other.token->text);
    }
  }
  if (piece.token->kind == TokenKind::integer) return other_number(random);
  if (piece.token->kind == TokenKind::string && random() % 4 != 0) return other_number_in(old, random);
  if (piece.token->kind == TokenKind::word) return other_word(old, random);
  if (means_much(*piece.token) && piece.token->kind == TokenKind::punctuation)
    return std::string(infix.substr(random() % infix.size(), 1));
  return random() % 4 == 0 ? "" : std::string(pieces[random() % pieces.size()].token->text);
}

std::string change_token(const std::string& text, std::mt19937& random) {
  const std::vector<Token> tokens = text::tokenize(text);
  std::vector<Piece> pieces = pieces_of(text, tokens);
  if (pieces.empty()) return text;
  // Most changes of brackets and keywords are no text of any stage.
  size_t at = random() % pieces.size();
  for (int attempt = 0; attempt < 6 && !means_much(*pieces[at].token); ++attempt)
    at = random() % pieces.size();
  const Piece& piece = pieces[at];
  return text.substr(0, piece.begin) + other_token(piece, pieces, random) + text.substr(piece.end);
}

std::string change_line(const std::string& text, std::mt19937& random) {
  std::vector<std::string> lines;
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size() - 1) + 1;
    lines.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  if (lines.empty()) return text;
  const size_t a = random() % lines.size(), b = random() % lines.size();
  switch (random() % 3) {
    case 0:
      lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(a));
      break;
    case 1:
      std::swap(lines[a], lines[b]);
      break;
    default: {
      const std::string copy = lines[a];
      lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(b), copy);
    }
  }
  std::string out;
  for (const std::string& line : lines) out += line;
  return out;
}

}  // namespace

std::string mutate(const std::string& text, std::mt19937& random) {
  std::string changed = text;
  for (unsigned changes = 1 + (random() % 3) / 2; changes > 0; --changes)
    changed = random() % 8 == 0 ? change_line(changed, random) : change_token(changed, random);
  return changed;
}

}  // namespace gradus::testing
