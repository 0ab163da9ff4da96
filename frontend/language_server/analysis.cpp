#include "frontend/language_server/analysis.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "frontend/driver/data/open_data.h"
#include "frontend/language/elaborate.h"

namespace gradus::language_server {

namespace {

constexpr size_t most_meanings = 4;       // of one name
constexpr uintmax_t most_data = 1 << 20;  // bytes that are read while somebody writes
constexpr size_t most_files = 200;        // in a folder of data
constexpr std::string_view run_it = "`gradus train` checks it all";

bool same(const Diagnostic& a, const Diagnostic& b) {
  return a.message == b.message && a.span == b.span && a.severity == b.severity;
}

void append_new(std::vector<Diagnostic>& to, const std::vector<Diagnostic>& from) {
  for (const Diagnostic& diagnostic : from)
    if (std::none_of(to.begin(), to.end(), [&](const Diagnostic& each) { return same(each, diagnostic); }))
      to.push_back(diagnostic);
}

// Texts in a reader's arguments; which of them name files is the reader's business.
void collect_names(const language::Setting& setting, std::vector<std::string>& names) {
  if (const auto* text = std::get_if<std::string>(&setting.value)) names.push_back(*text);
  if (const auto* list = std::get_if<std::vector<language::Setting>>(&setting.value))
    for (const language::Setting& each : *list) collect_names(each, names);
  if (const auto* call = std::get_if<std::shared_ptr<const language::SettingCall>>(&setting.value))
    for (const language::SettingCall::Argument& argument : (*call)->arguments)
      collect_names(argument.value, names);
}

// Why the data of a block are not read; empty if they are.
std::string reason_not_to_read(const language::SettingCall& data) {
  namespace fs = std::filesystem;
  std::vector<std::string> names;
  for (const language::SettingCall::Argument& argument : data.arguments) collect_names(argument.value, names);
  uintmax_t bytes = 0;
  size_t files = 0;
  std::error_code error;
  const auto add = [&](const fs::path& file) {
    const uintmax_t size = fs::file_size(file, error);
    bytes += error ? 0 : size;
    return ++files <= most_files && bytes <= most_data;
  };
  for (const std::string& name : names) {
    const fs::path path = fs::path(data.span.file).parent_path() / name;
    if (fs::is_regular_file(path, error) && !add(path)) return fmt::format("'{}' is large", name);
    if (!fs::is_directory(path, error)) continue;
    for (fs::recursive_directory_iterator at(path, fs::directory_options::skip_permission_denied, error), end;
         !error && at != end; at.increment(error))
      if (at->is_regular_file(error) && !add(at->path())) return fmt::format("'{}' is large", name);
  }
  return "";
}

class Analyzer {
 public:
  Analyzer(const ParsedText& text, const Documents& documents) : text_(text), documents_(documents) {}

  Analysis run() {
    if (!text_.diagnostics.empty()) {
      result_.diagnostics = text_.diagnostics;
      return std::move(result_);
    }
    language::Unit unit;
    const bool loaded = guarded({}, [&] {
      const auto read = [&](const std::string& path) { return documents_.read(path); };
      unit = language::load_unit(text_.name, text_.text, read);
    });
    if (!loaded) return std::move(result_);
    for (const language::Item& item : text_.tree.items) {
      if (const auto* train = item.as<language::Train>()) train_block(unit, train->name);
      if (const auto* program = item.as<language::Program>())
        guarded(program->name.span, [&] {
          append_new(
              result_.diagnostics,
              language::elaborate_program(unit, program->name.text, {.observer = observer()}).warnings);
        });
    }
    for (const language::Item& item : text_.tree.items) {
      const auto* definition = item.as<language::Definition>();
      if (definition && definition->kind == language::Definition::Kind::model) model(unit, *definition);
    }
    return std::move(result_);
  }

 private:
  language::NameObserver observer() {
    return [this](const SourceSpan& place, const std::string& meaning) {
      if (place.file != text_.name) return;
      std::vector<std::string>& meanings = result_.meanings[{place.line, place.column}];
      if (meanings.size() < most_meanings &&
          std::find(meanings.begin(), meanings.end(), meaning) == meanings.end())
        meanings.push_back(meaning);
    };
  }

  // False after an error. `block` is the place of what has none.
  template <class Check>
  bool guarded(const SourceSpan& block, Check check) {
    try {
      check();
      return true;
    } catch (const Error& error) {
      std::vector<Diagnostic> found = error.diagnostics();
      for (Diagnostic& diagnostic : found)
        if (!diagnostic.span.known()) diagnostic.span = block;
      append_new(result_.diagnostics, found);
      return false;
    }
  }

  void train_block(const language::Unit& unit, const language::Identifier& name) {
    guarded(name.span, [&] {
      language::TrainOptions options;
      options.observer = observer();
      const language::TrainSettings settings = language::elaborate_settings(unit, name.text, options);
      if (const std::string reason = reason_not_to_read(settings.data); !reason.empty())
        return remark(settings.data.span, reason);
      try {
        options.columns = columns_of(open_data(settings, {}).preparation, settings);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::environment) throw;
        return remark(settings.data.span, error.diagnostics().front().message);
      }
      options.batch = settings.batch;
      append_new(result_.diagnostics, language::elaborate_train(unit, name.text, options).warnings);
      language::elaborate_reports(unit, name.text, options);
    });
  }

  void remark(const SourceSpan& span, const std::string& reason) {
    result_.remarks.push_back(
        {Severity::warning,
         fmt::format("{}; without its data this block is not checked while you write", reason),
         span,
         {},
         std::string(run_it)});
  }

  // One row; a model whose sizes are open has nothing that could be checked, and of one that a block has
  // called more is known already.
  void model(const language::Unit& unit, const language::Definition& model) {
    const auto called = [&](const language::Parameter& parameter) {
      return result_.meanings.contains({parameter.name.span.line, parameter.name.span.column});
    };
    if (std::any_of(model.parameters.begin(), model.parameters.end(), called)) return;
    language::TrainOptions options;
    options.observer = observer();
    guarded(model.name.span, [&] { language::elaborate_model(unit, model.name.text, options); });
  }

  const ParsedText& text_;
  const Documents& documents_;
  Analysis result_;
};

}  // namespace

Analysis analyze(const ParsedText& text, const Documents& documents) {
  return Analyzer(text, documents).run();
}

}  // namespace gradus::language_server
