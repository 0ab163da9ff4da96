#include "frontend/command_line/help.h"

#include <fmt/format.h>

#include <algorithm>

namespace gradus::command_line {

namespace {

// CLI11 gives the type of an option and what its validators say as one text: "INT:from 0 to 9", "TEXT:{a,
// b}".
struct Values {
  std::string type;   // empty if there is a choice
  std::string words;  // a|b
  std::string range;
};

Values values_of(const CLI::Option& option) {
  const std::string text = option.get_type_name();
  const size_t colon = text.find(':');
  Values values{text.substr(0, colon), "", colon == std::string::npos ? "" : text.substr(colon + 1)};
  if (!values.range.starts_with('{')) return values;
  for (const char c : values.range.substr(1, values.range.find('}') - 1))
    if (c == ',')
      values.words += '|';
    else if (c != ' ')
      values.words += c;
  return {"", values.words, ""};
}

class HelpFormatter : public CLI::Formatter {
 public:
  std::string make_option_name(const CLI::Option* option, bool positional) const override {
    if (positional) return option->get_name(true, false);
    std::string name = option->get_name(false, true);
    // A flag that may have a value: "--verify-each{structure}".
    if (const size_t brace = name.find('{'); brace != std::string::npos)
      name = fmt::format("{}[={}]", name.substr(0, brace), values_of(*option).words);
    return name;
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    const bool flag =
        option->get_type_size() == 0 || option->get_name(false, true).find('{') != std::string::npos;
    if (option->get_positional() || flag) return "";
    const Values values = values_of(*option);
    return values.words.empty() ? " " + values.type : " {" + values.words + "}";
  }

  std::string make_option_desc(const CLI::Option* option) const override {
    std::string text = option->get_description();
    const Values values = values_of(*option);
    if (option->get_type_size() != 0 && !values.range.empty()) text += fmt::format(" ({})", values.range);
    if (const std::string value = option->get_default_str(); !value.empty())
      text += fmt::format(" [default: {}]", value);
    return text;
  }

  std::string make_option_usage(const CLI::Option* option) const override {
    std::string name = option->get_name(true, false);
    if (option->get_items_expected_max() > 1) name += "...";
    return option->get_required() ? name : "[" + name + "]";
  }

  // The application asks for one command, which CLI11 tells as if it were options.
  std::string make_description(const CLI::App* app) const override { return app->get_description() + "\n"; }
};

}  // namespace

std::shared_ptr<CLI::FormatterBase> help_formatter() {
  auto formatter = std::make_shared<HelpFormatter>();
  formatter->label("SUBCOMMAND", "COMMAND");
  return formatter;
}

}  // namespace gradus::command_line
