#include "frontend/language/lexer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "frontend/language/habits.h"
#include "frontend/language/words.h"

namespace gradus::language {

namespace {

// Longest first, so that the first match is the right one.
constexpr std::array symbols = {"...", "..", ".*", "|>", "->", "==", "!=", "<=", ">=", "//", "-",
                                "+",   "*",  "/",  "%",  "@",  "^",  "<",  ">",  "=",  "(",  ")",
                                "[",   "]",  "{",  "}",  ",",  ".",  ":",  ";",  "|"};
// A newline after one of these does not end a statement …
constexpr std::array continued_after = {"+",  "-",   "*",  "/",   "//",   "%",     "@",      "^",  "==",
                                        "!=", "<",   "<=", ">",   ">=",   "=",     "->",     "|>", ",",
                                        ":",  "and", "or", "not", "in",   "over",  "with",   "by", "along",
                                        "as", "|",   ".",  "..",  "into", "about", "within", "{",  ";"};
// … nor does one before these, which cannot begin a statement.
constexpr std::array continued_before = {
    "+",     "-",      "*",     "/",  "//", "%",   "@",  "^",  "==",   "!=",   "<",    "<=",
    ">",     ">=",     "=",     "->", "|>", "and", "or", "as", "else", "over", "with", "into",
    "about", "within", "along", "by", "{",  ".",   "..", ".*", "|",    "}"};

template <size_t size>
bool contains(const std::array<const char*, size>& words, std::string_view word) {
  return std::any_of(words.begin(), words.end(), [&](const char* w) { return word == w; });
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word_character(char c) { return is_letter(c) || is_digit(c) || c == '_'; }

void append_utf8(std::string& out, uint32_t code) {
  const auto put = [&](uint32_t byte) { out += static_cast<char>(byte); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

class Lexer {
 public:
  Lexer(std::string_view text, const std::string& file, std::vector<Diagnostic>& diagnostics)
      : text_(text), file_(file), diagnostics_(diagnostics) {}

  Tokens run();

 private:
  char at(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }
  bool starts(std::string_view prefix) const { return text_.substr(position_).starts_with(prefix); }
  void skip_blank();
  void comment();
  void next();
  void word();
  void number();
  void string();
  bool escape(std::string& value);
  bool symbol();
  void bad_character();
  void push(Token::Kind kind, size_t start);
  void error(std::string message, size_t start, size_t end, std::string hint = {});
  void mark_line_breaks();
  void match_brackets();
  void close(size_t index, std::vector<uint32_t>& open);

  std::string_view text_;
  const std::string& file_;
  std::vector<Diagnostic>& diagnostics_;
  Tokens out_;
  size_t position_ = 0;
  size_t line_start_ = 0;
  uint32_t line_ = 1;
  bool new_line_ = true;
  bool space_ = false;
  size_t errors_ = 0;
};

void Lexer::error(std::string message, size_t start, size_t end, std::string hint) {
  if (++errors_ > error_limit) return;
  const auto column = [&](size_t position) { return static_cast<uint32_t>(position - line_start_ + 1); };
  diagnostics_.push_back(
      {Severity::error, std::move(message), {file_, line_, column(start), column(end)}, {}, std::move(hint)});
}

void Lexer::push(Token::Kind kind, size_t start) {
  Token token;
  token.kind = kind;
  token.text = text_.substr(start, position_ - start);
  token.line = line_;
  token.column = static_cast<uint32_t>(start - line_start_ + 1);
  token.first_on_line = new_line_;
  token.space_before = space_ || new_line_;
  new_line_ = space_ = false;
  out_.tokens.push_back(std::move(token));
}

void Lexer::skip_blank() {
  for (; position_ < text_.size(); ++position_) {
    const char c = text_[position_];
    if (c == '\n') {
      ++line_;
      line_start_ = position_ + 1;
      new_line_ = true;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      space_ = true;
    } else if (c == '#') {
      comment();
    } else {
      return;
    }
  }
}

// Leaves the position before the newline.
void Lexer::comment() {
  const size_t start = position_;
  const size_t end = std::min(text_.find('\n', start), text_.size());
  std::string_view whole = text_.substr(start, end - start);
  while (whole.back() == '\r' || whole.back() == ' ' || whole.back() == '\t') whole.remove_suffix(1);
  std::string_view body = whole.substr(1);
  if (body.starts_with(' ')) body.remove_prefix(1);
  out_.comments.push_back({line_, body, whole, new_line_});
  position_ = end - 1;
}

void Lexer::word() {
  const size_t start = position_;
  while (is_word_character(at(position_))) ++position_;
  const std::string_view word = text_.substr(start, position_ - start);
  if (word.front() == '_' && word != "_") {
    error(fmt::format("a name begins with a letter, found `{}`", shortened(word)), start, position_,
          "`_` alone is the placeholder and the name of a value that is not wanted");
    push(Token::Kind::bad, start);
    return;
  }
  push(find_keyword(reserved_words(), word) ? Token::Kind::keyword : Token::Kind::name, start);
}

void Lexer::number() {
  const size_t start = position_;
  const auto digits = [&] {
    while (is_digit(at(position_)) || (at(position_) == '_' && is_digit(at(position_ + 1)))) ++position_;
  };
  digits();
  if (at(position_) == '.' && is_digit(at(position_ + 1))) {
    ++position_;
    digits();
  }
  if (at(position_) == 'e' || at(position_) == 'E') {
    const size_t sign = at(position_ + 1) == '+' || at(position_ + 1) == '-' ? 1 : 0;
    if (is_digit(at(position_ + 1 + sign))) {
      position_ += 1 + sign;
      digits();
    }
  }
  if (!is_word_character(at(position_))) {
    push(Token::Kind::number, start);
    return;
  }
  while (is_word_character(at(position_))) ++position_;
  error(fmt::format("`{}` is neither a number nor a name", shortened(text_.substr(start, position_ - start))),
        start, position_,
        "numbers are written 42, 10_000, 0.5, 1e-3; names begin with a letter; a product needs `*`");
  push(Token::Kind::bad, start);
}

// At a backslash; appends what it stands for.
bool Lexer::escape(std::string& value) {
  const size_t start = position_++;
  const char c = at(position_);
  constexpr std::string_view plain = "nt\"\\";
  constexpr std::string_view meaning = "\n\t\"\\";
  if (const size_t index = plain.find(c); c != '\0' && index != std::string_view::npos) {
    value += meaning[index];
    ++position_;
    return true;
  }
  if (c == 'u' && at(position_ + 1) == '{') {
    const size_t end = text_.find_first_not_of("0123456789abcdefABCDEF", position_ + 2);
    const size_t length = end == std::string_view::npos ? 0 : end - position_ - 2;
    if (length >= 1 && length <= 6 && text_[end] == '}') {
      const auto code = std::stoul(std::string(text_.substr(position_ + 2, length)), nullptr, 16);
      if (code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF)) {
        append_utf8(value, static_cast<uint32_t>(code));
        position_ = end + 1;
        return true;
      }
    }
  }
  if (position_ < text_.size() && c != '\n') ++position_;
  error("unknown escape in a string", start, position_, R"(the escapes are \n \t \" \\ and \u{1F600})");
  return false;
}

void Lexer::string() {
  const size_t start = position_++;
  std::string value;
  bool good = true;
  while (position_ < text_.size() && text_[position_] != '"' && text_[position_] != '\n') {
    if (text_[position_] == '\\') {
      good = escape(value) && good;
    } else {
      value += text_[position_++];
    }
  }
  if (at(position_) != '"') {
    error("a string that does not end on its line", start, position_,
          "close it with \" (a newline in it is \\n)");
    push(Token::Kind::bad, start);
    return;
  }
  ++position_;
  push(good ? Token::Kind::string : Token::Kind::bad, start);
  out_.tokens.back().value = std::move(value);
}

bool Lexer::symbol() {
  for (const char* candidate : symbols) {
    if (!starts(candidate)) continue;
    const size_t start = position_;
    position_ += std::string_view(candidate).size();
    push(Token::Kind::symbol, start);
    return true;
  }
  return false;
}

void Lexer::bad_character() {
  const size_t start = position_;
  const char c = text_[start];
  const size_t closing = c == '\'' ? text_.find_first_of("'\n", start + 1) : std::string_view::npos;
  if (closing != std::string_view::npos && text_[closing] == '\'') {
    position_ = closing + 1;
  } else if (c == '&' || c == '|' || c == '!' || c == '~' || c == '\'' || c == '`' || c == '$' || c == '?' ||
             c == '\\') {
    position_ += at(start + 1) == c ? 2 : 1;
  } else {
    while (position_ < text_.size() && (text_[position_] & 0x80)) ++position_;
    if (position_ == start) ++position_;
  }
  const std::string_view found = text_.substr(start, position_ - start);
  const unsigned char byte = static_cast<unsigned char>(c);
  const std::string shown = byte < 0x20 || byte == 0x7F ? fmt::format("byte 0x{:02x}", byte)
                                                        : fmt::format("`{}`", shortened(found));
  error(fmt::format("{} is not part of the language", shown), start, position_,
        habit_of_symbol(c == '\'' ? "'" : found));
  push(Token::Kind::bad, start);
}

void Lexer::next() {
  const char c = text_[position_];
  if (is_letter(c) || c == '_') return word();
  if (is_digit(c)) return number();
  if (c == '"') return string();
  if (!symbol()) bad_character();
}

void Lexer::mark_line_breaks() {
  for (size_t i = 1; i < out_.tokens.size(); ++i) {
    Token& token = out_.tokens[i];
    const Token& before = out_.tokens[i - 1];
    const auto structural = [](const Token& t) {
      return t.kind == Token::Kind::symbol || t.kind == Token::Kind::keyword;
    };
    token.line_break = token.first_on_line &&
                       !(structural(before) && contains(continued_after, before.text)) &&
                       !(structural(token) && contains(continued_before, token.text));
  }
}

// A closing brace is stronger than ( and [, so that one forgotten parenthesis does not swallow a file.
void Lexer::close(size_t index, std::vector<uint32_t>& open) {
  const char wanted = out_.tokens[index].text == ")" ? '(' : out_.tokens[index].text == "]" ? '[' : '{';
  for (size_t depth = open.size(); depth-- > 0;) {
    const char c = out_.tokens[open[depth]].text.front();
    if (c == wanted) {
      out_.tokens[open[depth]].match = static_cast<uint32_t>(index);
      open.resize(depth);
      return;
    }
    if (c == '{') return;
  }
}

void Lexer::match_brackets() {
  std::vector<uint32_t> open;
  for (size_t i = 0; i < out_.tokens.size(); ++i) {
    const Token& token = out_.tokens[i];
    if (token.kind != Token::Kind::symbol) continue;
    if (token.text == "(" || token.text == "[" || token.text == "{") open.push_back(static_cast<uint32_t>(i));
    if (token.text == ")" || token.text == "]" || token.text == "}") close(i, open);
  }
}

Tokens Lexer::run() {
  if (text_.starts_with("\xEF\xBB\xBF")) position_ = line_start_ = 3;
  if (text_.find('\0') != std::string_view::npos) {
    error("this is not a text: it contains zero bytes", position_, position_ + 1);
    text_ = {};
    position_ = 0;
  }
  for (skip_blank(); position_ < text_.size(); skip_blank()) next();
  new_line_ = false;
  push(Token::Kind::end, text_.size());
  mark_line_breaks();
  match_brackets();
  return std::move(out_);
}

}  // namespace

Tokens lex(std::string_view text, const std::string& file, std::vector<Diagnostic>& diagnostics) {
  return Lexer(text, file, diagnostics).run();
}

}  // namespace gradus::language
