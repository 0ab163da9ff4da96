#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "frontend/driver/data/readers.h"
#include "frontend/language/elaborate/block_forms.h"
#include "frontend/language/elaborate/builtins.h"
#include "frontend/language/elaborate/catalog.h"
#include "frontend/language/print.h"
#include "frontend/language/words.h"
#include "frontend/language_server/answers.h"

namespace gradus::language_server {

namespace {

using language::Token;

// Numbers of the protocol.
enum class ItemKind {
  function = 3,
  field = 5,
  variable = 6,
  class_ = 7,
  property = 10,
  keyword = 14,
  constant = 21
};

// What is wanted at a place, by the tokens before it.
struct Context {
  size_t token = 0;               // the first one behind what is complete
  const Token* before = nullptr;  // null at the start of the text
  bool at_definition = false;     // at the start of a line outside of blocks
  bool at_statement = false;
  bool after_point = false;
  std::string_view call;   // whose argument begins here
  std::string_view block;  // the word that the definition around it begins with: train, layer
  size_t item_token = 0;   // … and where that is
};

class Completion {
 public:
  Completion(const Program& program, size_t offset)
      : program_(program), text_(*program.own), offset_(offset) {}
  Json run();

 private:
  size_t start_of(const Token& token) const {
    return static_cast<size_t>(token.text.data() - text_.text.data());
  }
  bool in_comment_or_string() const;
  void read_context();
  void add(std::string_view label, ItemKind kind, std::string detail, std::string documentation = {},
           std::string inserted = {});
  void add_arguments();
  void add_statements();
  void add_settings();
  void add_metrics();
  void add_bindings();
  void add_outputs();
  void add_definitions(std::string_view only = {});
  void add_readers();
  void add_keywords();

  const Program& program_;
  const ParsedText& text_;
  size_t offset_;
  Context context_;
  char rank_ = 'a';  // what is added first is shown first
  std::set<std::string, std::less<>> labels_;
  Json items_ = Json::array();
};

void Completion::add(std::string_view label, ItemKind kind, std::string detail, std::string documentation,
                     std::string inserted) {
  if (!labels_.emplace(label).second) return;
  Json item = {
      {"label", label}, {"kind", static_cast<int>(kind)}, {"sortText", fmt::format("{}{}", rank_, label)}};
  if (!detail.empty()) item["detail"] = std::move(detail);
  if (!documentation.empty())
    item["documentation"] = {{"kind", "markdown"}, {"value", std::move(documentation)}};
  if (!inserted.empty()) item["insertText"] = std::move(inserted);
  items_.push_back(std::move(item));
}

bool Completion::in_comment_or_string() const {
  for (const language::Comment& comment : text_.tokens.comments) {
    const size_t start = static_cast<size_t>(comment.whole.data() - text_.text.data());
    if (offset_ > start && text_.text.find('\n', start) >= offset_) return true;
  }
  for (const Token& token : text_.tokens.tokens)
    if (token.text.starts_with('"') && offset_ > start_of(token) &&
        offset_ < start_of(token) + token.text.size() + 1 &&
        (token.kind == Token::Kind::bad || offset_ < start_of(token) + token.text.size()))
      return true;
  return false;
}

void Completion::read_context() {
  const std::vector<Token>& tokens = text_.tokens.tokens;
  size_t end = 0;
  while (tokens[end].kind != Token::Kind::end && start_of(tokens[end]) + tokens[end].text.size() < offset_)
    ++end;
  // A word that ends or goes on here is what is being written.
  if (tokens[end].kind != Token::Kind::end && start_of(tokens[end]) < offset_ && !tokens[end].is_word())
    ++end;
  context_.token = end;
  std::vector<size_t> open;
  for (size_t i = 0; i < end; ++i) {
    const Token& token = tokens[i];
    if (token.is("(") || token.is("[") || token.is("{")) open.push_back(i);
    if ((token.is(")") || token.is("]") || token.is("}")) && !open.empty()) open.pop_back();
    if (token.first_on_line && language::find_keyword(language::definition_words(), token.text) &&
        (open.empty() || token.column == 1)) {
      open.clear();
      context_.block = token.text;
      context_.item_token = i;
    }
  }
  if (end > 0) context_.before = &tokens[end - 1];
  const Token* before = context_.before;
  const bool new_line = !before || before->line < text_.lines.position(offset_).line + 1;
  const bool breaks =
      !before || before->is("{") || before->is(";") || before->is("}") ||
      (new_line && (before->kind != Token::Kind::symbol || before->is(")") || before->is("]")) &&
       before->kind != Token::Kind::keyword);
  const bool in_block = !open.empty() && tokens[open.back()].is("{");
  context_.at_definition = open.empty() && new_line && breaks;
  context_.at_statement = in_block && breaks;
  context_.after_point = before && (before->is(".") || before->is(".*"));
  if (before && (before->is("(") || before->is(",")) && !open.empty())
    context_.call = enclosing_call(text_, end);
  if (open.empty() && context_.at_definition) context_.block = {};
}

void Completion::add_arguments() {
  const std::string_view callee = context_.call;
  const auto argument = [&](std::string_view name, std::string detail) {
    add(name, ItemKind::property, std::move(detail), fmt::format("argument of {}", callee),
        fmt::format("{}: ", name));
  };
  if (const auto found = find_definition(program_, callee)) {
    if (const auto* definition = found->item->as<language::Definition>())
      for (const language::Parameter& parameter : definition->parameters)
        argument(parameter.name.text, language::print(parameter));
  } else if (const language::Builtin* builtin = language::find_builtin(callee)) {
    for (const std::string& parameter : builtin->parameters)
      argument(parameter.substr(0, parameter.find(' ')), parameter);
  }
  if (context_.block != "train") return;
  if (const language::TrainAction* action = language::find_train_action(callee))
    for (const std::string_view name : action->arguments) argument(name, "");
  for (const DataReader& reader : data_readers()) {
    if (reader.name != callee) continue;
    for (const std::string_view name : reader.arguments) argument(name, "");
    for (const std::string_view name : preparation_steps) argument(name, "");
  }
}

void Completion::add_settings() {
  for (const language::TrainSetting& setting : language::train_settings())
    add(setting.name, ItemKind::property, fmt::format("{} = {}", setting.name, setting.otherwise),
        std::string(setting.documentation), fmt::format("{} = ", setting.name));
  for (const language::TrainAction& action : language::train_actions())
    add(action.name, ItemKind::function,
        fmt::format("{}({})", action.name, fmt::join(action.arguments, ", ")),
        std::string(action.documentation));
}

void Completion::add_statements() {
  if (context_.block == "train") add_settings();
  for (const auto words : {language::statement_words(), language::reserved_words()})
    for (const language::Keyword& word : words)
      if (!word.form.empty()) add(word.text, ItemKind::keyword, std::string(word.form));
}

// Of `train.`, `validation.`, `test.`: what the block reports.
void Completion::add_metrics() {
  const std::vector<Token>& tokens = text_.tokens.tokens;
  if (context_.token < 2 || context_.block != "train") return;
  constexpr std::string_view parts[] = {"train", "validation", "test"};
  const std::string_view base = tokens[context_.token - 2].text;
  if (std::find(std::begin(parts), std::end(parts), base) == std::end(parts)) return;
  add("loss", ItemKind::field, "");
  for (size_t i = context_.item_token; i + 1 < tokens.size(); ++i)
    if (tokens[i].text == "metric" && tokens[i + 1].kind == Token::Kind::name)
      add(tokens[i + 1].text, ItemKind::field, "metric");
}

void Completion::add_bindings() {
  const std::vector<Token>& tokens = text_.tokens.tokens;
  if (const language::Item* item = item_at(text_, tokens[context_.item_token].line);
      item && !context_.block.empty())
    for (const Binding& binding : bindings_of(*item))
      add(binding.name.text, ItemKind::variable,
          binding.parameter ? language::print(*binding.parameter) : std::string(binding.kind));
  if (context_.block == "train") add_outputs();
  // A block that is not complete has no tree yet.
  bool head = true;    // up to its brace
  uint32_t arrow = 0;  // the line of the last `->`, which names follow
  for (size_t i = context_.item_token; i + 1 < context_.token; ++i) {
    const Token& token = tokens[i];
    if (token.is("{")) head = false;
    if (token.is("->")) arrow = token.line;
    if (token.kind != Token::Kind::name || i == context_.item_token) continue;
    const Token& next = tokens[i + 1];
    const bool binds = next.is("=") || token.line == arrow || tokens[i - 1].is("as") ||
                       (head && next.is(":")) ||
                       language::find_keyword(language::statement_words(), tokens[i - 1].text);
    if (binds) add(token.text, ItemKind::variable, "variable");
  }
}

// Of the model that the block trains, which is named behind `train` or `of`.
void Completion::add_outputs() {
  const std::vector<Token>& tokens = text_.tokens.tokens;
  size_t name = context_.item_token + 1;
  if (name + 2 < tokens.size() && tokens[name + 1].text == "of") name += 2;
  const std::optional<Definition> model =
      find_definition(program_, tokens[std::min(name, tokens.size() - 1)].text);
  if (!model) return;
  add("model", ItemKind::variable, "the model that is trained");
  for (const language::Result& result : results_of(*model))
    add(result.name.text, ItemKind::variable, "output of the model");
}

void Completion::add_definitions(std::string_view only) {
  const auto add_text = [&](const ParsedText& text) {
    for (const language::Item& item : text.tree.items) {
      if (!item.as<language::Definition>() && !item.as<language::Constant>()) continue;
      const language::CatalogEntry entry = language::entry_of(item);
      if (!only.empty() && entry.kind != only) continue;
      const ItemKind kind = entry.kind == "constant"   ? ItemKind::constant
                            : entry.kind == "function" ? ItemKind::function
                                                       : ItemKind::class_;
      add(entry.name, kind, entry.signature, entry.documentation);
    }
  };
  add_text(text_);
  for (const auto& text : program_.imported) add_text(*text);
  ++rank_;
  for (const auto& text : library_texts()) add_text(*text);
  if (!only.empty()) return;
  for (const language::BuiltinSignature& builtin : language::builtin_signatures())
    add(builtin.name, ItemKind::function, builtin.signature);
  for (const language::SpecialName& special : language::special_names())
    add(special.name, ItemKind::constant, "", std::string(special.documentation));
}

void Completion::add_readers() {
  for (const DataReader& reader : data_readers())
    add(reader.name, ItemKind::function, std::string(reader.example), "a reader of data");
}

void Completion::add_keywords() {
  for (const language::Keyword& word : language::reserved_words()) add(word.text, ItemKind::keyword, "");
}

Json Completion::run() {
  if (in_comment_or_string()) return items_;
  read_context();
  if (context_.after_point) {
    add_metrics();
    return items_;
  }
  if (context_.at_definition) {
    for (const language::Keyword& word : language::definition_words())
      add(word.text, ItemKind::keyword, std::string(word.form));
    return items_;
  }
  if (context_.before && context_.before->is("with") && context_.block == "train") {
    add_definitions("optimizer");
    ++rank_;
  }
  if (context_.before && context_.before->text == "data" && context_.block == "train") {
    add_readers();
    return items_;
  }
  if (!context_.call.empty()) add_arguments();
  ++rank_;
  if (context_.at_statement) add_statements();
  ++rank_;
  add_bindings();
  ++rank_;
  add_definitions();
  ++rank_;
  add_keywords();
  return items_;
}

}  // namespace

Json completion(const Program& program, Position position) {
  return Completion(program, program.own->lines.offset(position)).run();
}

}  // namespace gradus::language_server
