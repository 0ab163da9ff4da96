#include "frontend/language/format.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "frontend/language/lexer.h"
#include "frontend/language/parse.h"

namespace gradus::language {

namespace {

constexpr size_t step = 2;  // of indentation

template <size_t size>
bool is_any(const Token& token, const std::array<std::string_view, size>& words) {
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) { return token.is(word); });
}

bool opens(const Token& token) { return is_any(token, std::array<std::string_view, 3>{"(", "[", "{"}); }
bool closes(const Token& token) { return is_any(token, std::array<std::string_view, 3>{")", "]", "}"}); }

// Characters, of which each is taken to be one column wide.
size_t width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// One line of the text that is not blank: tokens, a comment, or both.
struct Line {
  size_t first = 0, last = 0;  // tokens [first, last)
  const Comment* comment = nullptr;
  uint32_t number = 0;  // in the source
  bool begins_statement = false;
  bool in_block = false;            // directly, in no ( or [
  size_t depth = 0;                 // brackets that are open where it begins
  std::vector<size_t> column = {};  // of each token, from the line's first
  size_t indent = 0;
  size_t comment_column = 0;

  bool blank_of_tokens() const { return first == last; }
};

class Formatter {
 public:
  Formatter(std::string_view text, const Tokens& tokens)
      : text_(text), tokens_(tokens.tokens), comments_(tokens.comments) {}
  std::string run();

 private:
  void collect_lines();
  void find_statements();
  size_t source_column(std::string_view part) const;
  bool spaced(size_t index) const;
  bool prefix_operator(size_t index) const;
  bool word_at_before_point(size_t index) const;
  void place_tokens(Line& line) const;
  void align_tokens();
  void indent_lines();
  void indent_line(Line& line);
  void follow_brackets(const Line& line);
  void place_comments();
  bool blank_before(size_t index) const;
  size_t first_of_item(size_t index) const;
  void part_items();
  std::string print() const;

  std::string_view text_;
  const std::vector<Token>& tokens_;
  const std::vector<Comment>& comments_;
  std::vector<Line> lines_;
  std::vector<bool> item_break_;  // by line: a blank line stands before it

  // What is open: the file itself, then brackets and blocks.
  struct Frame {
    bool block = true;
    size_t content = 0;     // where lines in it begin
    size_t close = 0;       // … and that with its closing bracket
    size_t statement = 0;   // where the statement in it began, or the line
    size_t further = step;  // indentation of lines that go on with it
    // Where a line may go on: column in the source, column here. Some are for operators only.
    std::map<size_t, size_t> anchors = {};
    std::map<size_t, size_t> operator_anchors = {};
  };
  std::vector<Frame> frames_;
};

void Formatter::collect_lines() {
  const auto line_of = [&](uint32_t number) -> Line& {
    if (lines_.empty() || lines_.back().number != number) {
      lines_.emplace_back();
      lines_.back().number = number;
    }
    return lines_.back();
  };
  size_t comment = 0;
  const auto comments_before = [&](uint32_t number) {
    for (; comment < comments_.size() && comments_[comment].line < number; ++comment)
      line_of(comments_[comment].line).comment = &comments_[comment];
  };
  for (size_t i = 0; tokens_[i].kind != Token::Kind::end; ++i) {
    comments_before(tokens_[i].line);
    Line& line = line_of(tokens_[i].line);
    if (line.blank_of_tokens()) line.first = i;
    line.last = i + 1;
  }
  comments_before(~uint32_t{0});
}

void Formatter::find_statements() {
  std::vector<bool> blocks = {true};
  for (Line& line : lines_) {
    line.in_block = blocks.back();
    line.depth = blocks.size();
    if (!line.blank_of_tokens() && line.in_block && !closes(tokens_[line.first])) {
      const Token* before = line.first == 0 ? nullptr : &tokens_[line.first - 1];
      line.begins_statement = tokens_[line.first].line_break || !before || before->is("{") || before->is(";");
    }
    for (size_t i = line.first; i < line.last; ++i) {
      if (opens(tokens_[i])) blocks.push_back(tokens_[i].is("{"));
      if (closes(tokens_[i]) && blocks.size() > 1) blocks.pop_back();
    }
  }
}

// Of a token or comment, from 0.
size_t Formatter::source_column(std::string_view part) const {
  const size_t at = static_cast<size_t>(part.data() - text_.data());
  const size_t newline = at == 0 ? std::string_view::npos : text_.rfind('\n', at - 1);
  const size_t start = newline == std::string_view::npos ? 0 : newline + 1;
  return width(text_.substr(start, at - start));
}

// `at` of `evaluate at`, which is a name elsewhere.
bool Formatter::word_at_before_point(size_t index) const {
  return index > 0 && tokens_[index].text == "at" && tokens_[index - 1].text == "evaluate" &&
         tokens_[index - 1].kind == Token::Kind::name;
}

bool ends_value(const Token& token) {
  constexpr std::array<std::string_view, 6> values = {"true", "false", "none", "...", ".*", ")"};
  return token.kind == Token::Kind::name || token.kind == Token::Kind::number ||
         token.kind == Token::Kind::string || is_any(token, values) || token.is("]") || token.is("}");
}

// A `-` that no value stands before.
bool Formatter::prefix_operator(size_t index) const {
  return tokens_[index].is("-") &&
         (index == 0 || !ends_value(tokens_[index - 1]) || word_at_before_point(index - 1));
}

// Whether a space stands between the token and the one before it.
bool Formatter::spaced(size_t index) const {
  constexpr std::array<std::string_view, 8> close = {")", "]", ",", ";", ":", ".", ".*", ".."};
  constexpr std::array<std::string_view, 4> open = {"(", "[", ".", ".."};
  const Token& left = tokens_[index - 1];
  const Token& right = tokens_[index];
  if (left.is("{") || right.is("}")) return true;
  if (left.is(",") || left.is(";")) return !right.is(")") && !right.is("]");
  if (left.is("..")) return right.kind == Token::Kind::keyword;
  if (right.is("..")) return left.kind == Token::Kind::keyword || left.is(":") || left.is("=");
  if (is_any(right, close) || is_any(left, open) || prefix_operator(index - 1)) return false;
  if (right.is("(") || right.is("[")) return !ends_value(left) || word_at_before_point(index - 1);
  return true;
}

void Formatter::place_tokens(Line& line) const {
  size_t column = 0;
  for (size_t i = line.first; i < line.last; ++i) {
    if (i > line.first && spaced(i)) ++column;
    line.column.push_back(column);
    column += width(tokens_[i].text);
  }
}

// Equal tokens that stand in one column in statements of neighbouring lines, some of them only by more spaces
// than one, are aligned by intent.
void Formatter::align_tokens() {
  struct Member {
    size_t line, token;
  };
  struct Set {
    size_t column;
    std::vector<Member> members;
    bool padded = false;
  };
  using Key = std::pair<size_t, std::string_view>;
  std::vector<Set> sets;
  std::map<Key, size_t> above;  // sets that the line above is a member of
  for (size_t l = 0; l < lines_.size(); ++l) {
    const Line& line = lines_[l];
    const bool continues = l > 0 && line.begins_statement && lines_[l - 1].begins_statement &&
                           line.depth == lines_[l - 1].depth && line.number == lines_[l - 1].number + 1 &&
                           !item_break_[l];
    if (!continues) above.clear();
    if (!line.begins_statement) continue;
    std::map<Key, size_t> here;
    for (size_t i = line.first + 1; i < line.last; ++i) {
      const Token& token = tokens_[i];
      const bool structural = token.kind == Token::Kind::symbol || token.kind == Token::Kind::keyword;
      if (!spaced(i) || (!structural && !tokens_[i - 1].is(";"))) continue;
      const Key key(source_column(token.text), structural ? token.text : "statement");
      const auto joined = above.find(key);
      const size_t set = joined == above.end() ? sets.size() : joined->second;
      if (set == sets.size()) sets.push_back({key.first, {}});
      sets[set].members.push_back({l, i - line.first});
      const Token& before = tokens_[i - 1];
      sets[set].padded |= token.column >= before.end_column() + 2;
      here.emplace(key, set);
    }
    above = std::move(here);
  }
  std::stable_sort(sets.begin(), sets.end(), [](const Set& a, const Set& b) { return a.column < b.column; });
  for (const Set& set : sets) {
    if (!set.padded || set.members.size() < 2) continue;
    size_t column = 0;
    for (const Member& member : set.members)
      column = std::max(column, lines_[member.line].column[member.token]);
    for (const Member& member : set.members) {
      std::vector<size_t>& columns = lines_[member.line].column;
      const size_t shift = column - columns[member.token];
      for (size_t i = member.token; i < columns.size(); ++i) columns[i] += shift;
    }
  }
}

// An operator may stand below one of these …
bool aligns(const Token& token) { return is_any(token, std::array<std::string_view, 2>{"=", "|>"}); }

bool begins_with_operator(const Token& token) {
  return token.is("and") || token.is("or") || (token.kind == Token::Kind::symbol && !opens(token));
}

// … and any line below what follows one of these.
bool aligns_next(const Token& token) {
  constexpr std::array<std::string_view, 16> words = {
      "=",  ":",     "with",   "in",   "over",     "->",      "print", "expect",
      "if", "about", "within", "scan", "minimize", "penalty", "when",  "else"};
  return is_any(token, words);
}

// What goes on with the head of a block stands apart from its body.
bool heads_block(const Token& token) {
  return is_any(token, std::array<std::string_view, 5>{"scan", "for", "if", "when", "every"});
}

void Formatter::indent_line(Line& line) {
  Frame& frame = frames_.back();
  const Token& first = tokens_[line.first];
  if (closes(first)) {
    line.indent = frame.close;
    return;
  }
  if (line.begins_statement) {
    frame.statement = line.indent = frame.content;
    frame.further = heads_block(first) ? 2 * step : step;
    frame.anchors.clear();
    frame.operator_anchors.clear();
    return;
  }
  const size_t source = source_column(first.text);
  const auto anchor = frame.anchors.find(source);
  const auto operator_anchor = frame.operator_anchors.find(source);
  if (anchor != frame.anchors.end()) {
    line.indent = anchor->second;
  } else if (begins_with_operator(first) && operator_anchor != frame.operator_anchors.end()) {
    line.indent = operator_anchor->second;
  } else if (!frame.block) {
    line.indent = frame.content;
  } else {
    line.indent = frame.statement + (first.is("else") || first.is("{") ? 0 : frame.further);
  }
}

void Formatter::follow_brackets(const Line& line) {
  for (size_t i = line.first; i < line.last; ++i) {
    const Token& token = tokens_[i];
    const size_t column = line.indent + line.column[i - line.first];
    if (closes(token)) {
      if (frames_.size() > 1) frames_.pop_back();
      continue;
    }
    if (aligns(token)) frames_.back().operator_anchors.emplace(source_column(token.text), column);
    if (i > line.first && aligns_next(tokens_[i - 1]))
      frames_.back().anchors.emplace(source_column(token.text), column);
    if (!opens(token)) continue;
    const bool last = i + 1 == line.last;
    Frame inner;
    inner.block = token.is("{");
    inner.close = inner.block && frames_.back().block ? frames_.back().statement : line.indent;
    inner.content = inner.close + step;
    if (!inner.block && !last) {
      inner.close = column;
      inner.content = line.indent + line.column[i + 1 - line.first];
      // An operator may stand before its operand.
      if (const size_t source = source_column(tokens_[i + 1].text); source >= step)
        inner.operator_anchors.emplace(source - step, inner.content - std::min(step, inner.content));
    }
    inner.statement = inner.content;
    frames_.push_back(std::move(inner));
  }
}

void Formatter::indent_lines() {
  frames_.assign(1, {});
  std::vector<Line*> comments;  // that wait for the line below them
  for (Line& line : lines_) {
    if (line.blank_of_tokens()) {
      comments.push_back(&line);
      continue;
    }
    indent_line(line);
    const size_t inside = closes(tokens_[line.first]) ? frames_.back().content : line.indent;
    for (Line* comment : comments) comment->indent = inside;
    comments.clear();
    follow_brackets(line);
  }
}

void Formatter::place_comments() {
  // A comment in the column of one on the line above belongs to that.
  std::optional<size_t> above_source;
  std::vector<Line*> run;
  const auto finish = [&] {
    size_t column = 0;
    for (const Line* line : run) column = std::max(column, line->comment_column);
    for (Line* line : run) line->comment_column = column;
    run.clear();
  };
  uint32_t number = 0;
  for (Line& line : lines_) {
    const bool alone = line.blank_of_tokens();
    const std::optional<size_t> source =
        line.comment ? std::optional(source_column(line.comment->whole)) : std::nullopt;
    const bool joins = source && above_source == source && line.number == number + 1;
    if (!joins) finish();
    above_source.reset();
    number = line.number;
    if (!source) continue;
    if (alone && !joins) {
      line.comment_column = line.indent;
      continue;
    }
    if (!alone) {
      const size_t end = line.indent + line.column.back() + width(tokens_[line.last - 1].text);
      const Token& last = tokens_[line.last - 1];
      const bool apart = *source >= source_column(last.text) + width(last.text) + 2;
      line.comment_column = apart ? std::max(end + 2, *source) : end + 2;
    }
    run.push_back(&line);
    above_source = source;
  }
  finish();
}

// The line that the comment directly above a definition begins with.
size_t Formatter::first_of_item(size_t index) const {
  while (index > 0 && lines_[index - 1].blank_of_tokens() &&
         lines_[index - 1].number + 1 == lines_[index].number)
    --index;
  return index;
}

bool Formatter::blank_before(size_t index) const {
  if (index == 0) return false;
  const Line& line = lines_[index];
  const Line& above = lines_[index - 1];
  if (item_break_[index]) return true;
  if (line.number == above.number + 1) return false;
  const bool opened = !above.blank_of_tokens() && opens(tokens_[above.last - 1]);
  const bool closed = !line.blank_of_tokens() && closes(tokens_[line.first]);
  return !opened && !closed;
}

std::string Formatter::print() const {
  std::string out;
  for (size_t l = 0; l < lines_.size(); ++l) {
    const Line& line = lines_[l];
    if (blank_before(l)) out += '\n';
    size_t column = 0;
    const auto move_to = [&](size_t wanted) {
      out.append(wanted - column, ' ');
      column = wanted;
    };
    for (size_t i = line.first; i < line.last; ++i) {
      move_to(line.indent + line.column[i - line.first]);
      out += tokens_[i].text;
      column += width(tokens_[i].text);
    }
    if (line.comment) {
      move_to(line.comment_column);
      const std::string_view whole = line.comment->whole;
      constexpr std::string_view as_it_is = " !#-=\t";
      const bool space = whole.size() > 1 && as_it_is.find(whole[1]) == std::string_view::npos;
      out += space ? "# " : "#";
      out += whole.substr(1);
    }
    out += '\n';
  }
  return out;
}

// Definitions of more than one line stand apart.
void Formatter::part_items() {
  struct Extent {
    size_t first, last;
    bool is_long() const { return last > first; }
  };
  std::vector<Extent> items;
  for (size_t l = 0; l < lines_.size(); ++l) {
    if (lines_[l].blank_of_tokens()) continue;
    if (items.empty() || (lines_[l].depth == 1 && lines_[l].begins_statement)) items.push_back({l, l});
    items.back().last = l;
  }
  item_break_.assign(lines_.size(), false);
  for (size_t i = 1; i < items.size(); ++i)
    if (items[i - 1].is_long() || items[i].is_long()) item_break_[first_of_item(items[i].first)] = true;
}

std::string Formatter::run() {
  collect_lines();
  find_statements();
  part_items();
  for (Line& line : lines_) place_tokens(line);
  align_tokens();
  indent_lines();
  place_comments();
  return print();
}

// Tokens, their lines and comments: all that the parser sees.
bool same_text(const Tokens& a, const Tokens& b) {
  return std::equal(a.tokens.begin(), a.tokens.end(), b.tokens.begin(), b.tokens.end(),
                    [](const Token& x, const Token& y) {
                      return x.kind == y.kind && x.text == y.text && x.line_break == y.line_break;
                    }) &&
         std::equal(
             a.comments.begin(), a.comments.end(), b.comments.begin(), b.comments.end(),
             [](const Comment& x, const Comment& y) { return x.text == y.text && x.alone == y.alone; });
}

}  // namespace

std::string format(std::string_view text, const std::string& file) {
  std::vector<Diagnostic> diagnostics;
  parse(text, file, diagnostics);
  if (!diagnostics.empty()) throw Error(ErrorKind::program, std::move(diagnostics));
  const Tokens tokens = lex(text, file, diagnostics);
  std::string result = Formatter(text, tokens).run();
  if (!same_text(tokens, lex(result, file, diagnostics)) || !diagnostics.empty())
    fail_internal("formatting '" + file + "' would change what it says");
  return result;
}

}  // namespace gradus::language
