#include "ir/text/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "ir/attribute.h"

namespace gradus::text {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_letter(c) || is_digit(c) || c == '.'; }
// Scope paths and pass names: blocks[0].dense_1, plan-buffers.
bool is_path(char c) { return is_name(c) || c == '-' || c == '/' || c == '[' || c == ']'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> run() {
    do next();
    while (tokens_.back().kind != TokenKind::end);
    return std::move(tokens_);
  }

 private:
  char at(size_t ahead = 0) const {
    return position_ + ahead < text_.size() ? text_[position_ + ahead] : '\0';
  }
  bool done() const { return position_ >= text_.size(); }

  bool skip_blanks() {
    const size_t start = position_;
    while (!done()) {
      const char c = at();
      if (c == ';') {
        while (!done() && at() != '\n') ++position_;
      } else if (c == '\n') {
        ++position_;
        ++line_;
        line_start_ = position_;
        first_in_line_ = true;
      } else if (c == ' ' || c == '\t' || c == '\r') {
        ++position_;
      } else {
        break;
      }
    }
    return position_ != start;
  }

  void next() {
    Token token;
    token.joined = !skip_blanks() && !tokens_.empty();
    token.line = line_;
    token.column = static_cast<uint32_t>(position_ - line_start_ + 1);
    token.first_in_line = std::exchange(first_in_line_, false);
    const size_t start = position_;
    if (!done()) scan(token);
    token.length = static_cast<uint32_t>(position_ - start);
    tokens_.push_back(token);
  }

  void scan(Token& token) {
    const char c = at();
    const size_t start = position_;
    if (is_letter(c)) {
      skip_name(start);
      token.kind = TokenKind::word;
      token.text = text_.substr(start, position_ - start);
    } else if (is_digit(c)) {
      scan_number(token);
    } else if (c == '"') {
      scan_string(token, TokenKind::string);
    } else if (c == '%' || c == '@') {
      scan_reference(token, c == '%' ? TokenKind::value : TokenKind::at);
    } else {
      scan_punctuation(token);
    }
  }

  void scan_number(Token& token) {
    const size_t start = position_;
    token.kind = TokenKind::integer;
    skip_while(is_digit);
    if (at() == '.' && is_digit(at(1))) {
      token.kind = TokenKind::number;
      ++position_;
      skip_while(is_digit);
    } else if (at() == '.' && at(1) != '.' && !is_letter(at(1))) {
      token.kind = TokenKind::number;
      ++position_;
    }
    const size_t sign = at(1) == '+' || at(1) == '-' ? 1 : 0;
    if ((at() == 'e' || at() == 'E') && is_digit(at(1 + sign))) {
      token.kind = TokenKind::number;
      position_ += 1 + sign;
      skip_while(is_digit);
    }
    token.text = text_.substr(start, position_ - start);
  }

  void scan_string(Token& token, TokenKind kind) {
    const size_t start = ++position_;
    while (!done() && at() != '"' && at() != '\n') {
      if (at() == '\\' && (at(1) == '"' || at(1) == '\\' || at(1) == 'n')) ++position_;
      ++position_;
    }
    token.kind = at() == '"' ? kind : TokenKind::invalid;
    token.text = text_.substr(start, position_ - start);
    token.quoted = true;
    if (at() == '"') ++position_;
  }

  void scan_reference(Token& token, TokenKind kind) {
    ++position_;
    if (at() == '"') return scan_string(token, kind);
    const size_t start = position_;
    if (kind == TokenKind::value)
      skip_name(start);
    else
      skip_while(is_path);
    token.kind = kind == TokenKind::value && position_ == start ? TokenKind::invalid : kind;
    token.text = text_.substr(start, position_ - start);
    if (token.kind == TokenKind::invalid) token.text = "%";
  }

  void scan_punctuation(Token& token) {
    constexpr std::array<std::string_view, 5> pairs = {"..", "<=", ">=", "==", "!="};
    constexpr std::string_view single = "(){}[],:=<>+-*/#";
    token.kind = TokenKind::punctuation;
    token.text = text_.substr(position_, 2);
    if (std::find(pairs.begin(), pairs.end(), token.text) == pairs.end()) {
      token.text = text_.substr(position_, 1);
      if (single.find(token.text[0]) == std::string_view::npos) token.kind = TokenKind::invalid;
    }
    position_ += token.text.size();
  }

  // A name may contain single points, but does not end in one: `%i..%n` is a range.
  void skip_name(size_t start) {
    while (!done() && is_name(at()) && !(at() == '.' && at(1) == '.')) ++position_;
    while (position_ > start && text_[position_ - 1] == '.') --position_;
  }

  template <class Predicate>
  void skip_while(Predicate predicate) {
    while (!done() && predicate(at())) ++position_;
  }

  std::string_view text_;
  size_t position_ = 0;
  size_t line_start_ = 0;
  uint32_t line_ = 1;
  bool first_in_line_ = true;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text) { return Lexer(text).run(); }

std::string describe(const Token& token) {
  constexpr size_t longest = 40;
  const std::string text(token.text.substr(0, longest));
  switch (token.kind) {
    case TokenKind::end:
      return "end of text";
    case TokenKind::value:
      return token.quoted ? fmt::format("'%\"{}\"'", text) : fmt::format("'%{}'", text);
    case TokenKind::at:
      return fmt::format("'@{}'", text);
    case TokenKind::string:
      return fmt::format("\"{}\"", text);
    case TokenKind::invalid:
      return token.quoted ? "a quoted text without its end" : fmt::format("the character '{}'", text);
    default:
      return fmt::format("'{}'", text);
  }
}

std::string unescape(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size() &&
        (text[i + 1] == '"' || text[i + 1] == '\\' || text[i + 1] == 'n'))
      out += text[++i] == 'n' ? '\n' : text[i];
    else
      out += text[i];
  }
  return out;
}

std::string quoted(std::string_view text) { return to_string(AttributeValue(std::string(text))); }

bool is_word(std::string_view text) {
  return !text.empty() && is_letter(text[0]) && text.back() != '.' &&
         std::all_of(text.begin(), text.end(), is_name) && text.find("..") == std::string_view::npos;
}

std::string spell_value_name(std::string_view name) {
  const bool bare = !name.empty() && std::all_of(name.begin(), name.end(), is_name) && name.back() != '.' &&
                    name.find("..") == std::string_view::npos &&
                    !std::all_of(name.begin(), name.end(), is_digit);
  return bare ? fmt::format("%{}", name) : "%" + quoted(name);
}

std::string spell_at_name(std::string_view name) {
  return "@" + (std::all_of(name.begin(), name.end(), is_path) ? std::string(name) : quoted(name));
}

std::string spell_pass_name(std::string_view name) {
  for (std::string_view rest = name;;) {
    const size_t dash = rest.find('-');
    if (!is_word(rest.substr(0, dash))) return quoted(name);
    if (dash == std::string_view::npos) return std::string(name);
    rest.remove_prefix(dash + 1);
  }
}

std::string spell_word(std::string_view name) { return is_word(name) ? std::string(name) : quoted(name); }

}  // namespace gradus::text
