// What the commands share: options, texts of files for diagnostics, reading and writing.
#pragma once

#include <CLI/CLI.hpp>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "frontend/command_line/options.h"
#include "frontend/driver/compile/compile.h"
#include "frontend/language/elaborate.h"

namespace gradus::command_line {

// Exit codes: 0 success; 1 an `expect` or a check does not hold; 2 the program, its data or the command line
// is wrong; 3 the environment failed; 70 a bug in Gradus; 130 and 143 interrupted by SIGINT
// (Ctrl-C) and SIGTERM.
constexpr int success = 0;
constexpr int does_not_hold = 1;

// Texts by file name, so that diagnostics can show the line.
class Sources {
 public:
  // Reads a file; "-" is standard input. Fails with an environment error.
  const std::string& read(const std::string& path);
  language::ReadSource reader();  // for imports; valid as long as this is
  // A text that is not read from its file.
  void put(const std::string& path, std::string text) { texts_[path] = std::move(text); }
  void add_unit(language::Unit unit) { units_.push_back(std::move(unit)); }
  const std::string* find(const std::string& file) const;
  void report(const Diagnostic& diagnostic) const;  // to stderr
  void report(const std::vector<Diagnostic>& diagnostics) const;
  void note(std::string_view message) const;  // to stderr

 private:
  std::map<std::string, std::string> texts_;
  std::vector<language::Unit> units_;
};

// Options of the compiler. A command adds those that it has a use for.
struct CompileFlags {
  std::string cpu = "native";
  std::string schedule;
  std::optional<int64_t> threads;  // not given: GRADUS_THREADS
  bool no_memo = false;
  std::string verify_each;
  std::vector<std::string> print_after;
  bool print_after_all = false;
  std::string stop_after;
  bool time_passes = false;

  void add_target(CLI::App& app);  // with schedules, which are chosen for it
  void add_threads(CLI::App& app);
  void add_passes(CLI::App& app);
  void add_stop(CLI::App& app);
  CompilerOptions compiler_options(Sources& sources) const;
  // Fails if --print-after or --stop-after names a pass that is not among those that will run.
  void require_passes(const std::vector<std::string_view>& running) const;
  // Whether this pass is among those that run, --stop-after considered.
  bool reaches(std::string_view pass, const std::vector<std::string_view>& running) const;
};
std::vector<std::string_view> passes_between(Stage from, Stage to);

// What a file on the command line holds.
enum class FileKind { model, graph, loops };
FileKind kind_of(const std::string& path, const std::string& text);

// What a unit has to compile, and the block that --only names; else the only train block, or the first block
// (with a note if there are more).
struct Block {
  std::string name;
  bool is_train = false;
};
std::vector<Block> blocks_of(const language::Unit& unit);
Block choose_block(const language::Unit& unit, const std::string& wanted, const std::string& file,
                   const Sources& sources);

ElementType precision_named(const std::string& name);  // "f32", "f64"
std::vector<std::pair<std::string, std::string>> split_settings(
    const std::vector<std::string>& settings);  // k=v
// To be printed. JSON is UTF-8, names of files are any bytes: what is none becomes U+FFFD.
std::string json_text(const nlohmann::json& json);
// Writes to a file, or to stdout for "" and "-". Files appear whole or not at all.
void write_text(const std::string& path, const std::string& text);

// A command adds its options to its sub-application and says what it does when chosen.
using Action = std::function<int(Sources&)>;
struct Command {
  std::string_view name;
  std::string_view summary;
  Action (*set_up)(CLI::App&);
};

Action set_up_train(CLI::App& app);
Action set_up_predict(CLI::App& app);
Action set_up_evaluate(CLI::App& app);
Action set_up_runs(CLI::App& app);
Action set_up_run(CLI::App& app);
Action set_up_dump(CLI::App& app);
Action set_up_explain(CLI::App& app);
Action set_up_opt(CLI::App& app);
Action set_up_check(CLI::App& app);
Action set_up_ops(CLI::App& app);
Action set_up_format(CLI::App& app);
Action set_up_lsp(CLI::App& app);
Action set_up_new(CLI::App& app);
Action set_up_show(CLI::App& app);

int main(int argc, char** argv);

}  // namespace gradus::command_line
