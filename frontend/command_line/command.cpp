#include "frontend/command_line/command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "frontend/command_line/streams.h"
#include "ir/shown_text.h"
#include "runtime/data/file.h"

namespace gradus::command_line {

const std::string& Sources::read(const std::string& path) {
  if (auto it = texts_.find(path); it != texts_.end()) return it->second;
  if (path == "-") return texts_["-"] = read_standard_input();
  const Bytes bytes = read_file(path);
  require_text_length("'" + path + "'", bytes.size());
  return texts_[path] = std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}

language::ReadSource Sources::reader() {
  return [this](const std::string& path) { return read(path); };
}

const std::string* Sources::find(const std::string& file) const {
  if (auto it = texts_.find(file); it != texts_.end()) return &it->second;
  for (const language::Unit& unit : units_)
    if (const std::string* text = unit.source(file)) return text;
  return nullptr;
}

void Sources::report(const Diagnostic& diagnostic) const {
  static const bool color = isatty(STDERR_FILENO) && !std::getenv("NO_COLOR");
  const SourceLookup lookup = [](const void* context, const std::string& file) {
    return static_cast<const Sources*>(context)->find(file);
  };
  std::cerr << render(diagnostic, lookup, this, color);
}

void Sources::report(const std::vector<Diagnostic>& diagnostics) const {
  for (const Diagnostic& diagnostic : diagnostics) report(diagnostic);
}

namespace {

constexpr int64_t most_threads = 1024;

int64_t threads_of_environment() {
  const char* given = std::getenv("GRADUS_THREADS");
  if (!given) return 0;
  std::string text = given;
  if (const std::string wrong = whole_number(0, most_threads)(text); !wrong.empty())
    fail_program("GRADUS_THREADS: " + wrong);
  return std::stoll(text);
}

}  // namespace

void Sources::note(std::string_view message) const {
  std::cerr << fmt::format("note: {}\n", printable_message(message));
}

void CompileFlags::add_target(CLI::App& app) {
  app.add_option("--cpu", cpu,
                 "CPU to compile for: native, x86-64-v2, x86-64-v3, x86-64-v4 (v2 has no fused multiply-add: "
                 "other bits)")
      ->capture_default_str();
  app.add_option(
      "--schedule", schedule,
      "file with schedules of kernels by name, in place of chosen ones: what `gradus explain` prints");
}

void CompileFlags::add_threads(CLI::App& app) {
  app.add_option("--threads", threads, "threads (0: one per hardware thread; default: GRADUS_THREADS)")
      ->check(whole_number(0, most_threads));
}

void CompileFlags::add_passes(CLI::App& app) {
  app.add_flag(
      "--no-memo", no_memo,
      "neither share equal values nor sum adjoints: the exponential blow-up that memoization avoids");
  app.add_flag("--verify-each{structure}", verify_each,
               "verify the graph after every pass; with =numeric also compare its results")
      ->disable_flag_override(false)
      ->check(one_of({"numeric", "structure"}));
  app.add_option("--print-after", print_after, "print the graph after these passes")
      ->delimiter(',')
      ->allow_extra_args(false);
  app.add_flag("--print-after-all", print_after_all, "print the graph after every pass");
  app.add_flag("--time-passes", time_passes, "tell on stderr how long each step of the compilation takes");
}

void CompileFlags::add_stop(CLI::App& app) {
  app.add_option("--stop-after", stop_after, "stop after this pass and print the graph");
}

CompilerOptions CompileFlags::compiler_options(Sources& sources) const {
  CompilerOptions options;
  options.target = target_named(cpu);
  if (!schedule.empty())
    options.schedules =
        std::make_shared<ScheduleOverrides>(parse_overrides(sources.read(schedule), schedule));
  options.threads = static_cast<int>(threads.value_or(threads_of_environment()));
  options.memoize = !no_memo;
  options.instrument.print_after.insert(print_after.begin(), print_after.end());
  options.instrument.print_after_all = print_after_all;
  options.instrument.stop_after = stop_after;
  options.instrument.time_passes = time_passes;
  options.instrument.verify_each = verify_each.empty()        ? VerifyEach::no
                                   : verify_each == "numeric" ? VerifyEach::numeric
                                                              : VerifyEach::structure;
  return options;
}

void CompileFlags::require_passes(const std::vector<std::string_view>& running) const {
  const auto require = [&](const char* option, const std::string& pass) {
    if (!find_pass(pass))
      fail_program(fmt::format("{}: there is no pass {}", option, shown(pass)), {},
                   "`gradus opt --list` names them all");
    if (std::find(running.begin(), running.end(), pass) == running.end())
      fail_program(
          fmt::format("{}: pass '{}' does not run here", option, pass), {},
          running.empty() ? "none does" : fmt::format("those that do: {}", fmt::join(running, ", ")));
  };
  if (running.empty() && (print_after_all || !verify_each.empty()))
    fail_program(
        fmt::format("{}: no pass runs here", print_after_all ? "--print-after-all" : "--verify-each"));
  for (const std::string& pass : print_after) require("--print-after", pass);
  if (!stop_after.empty()) require("--stop-after", stop_after);
}

bool CompileFlags::reaches(std::string_view pass, const std::vector<std::string_view>& running) const {
  const auto stop = std::find(running.begin(), running.end(), stop_after);
  const auto end = stop == running.end() ? stop : std::next(stop);
  return std::find(running.begin(), end, pass) != end;
}

std::vector<std::string_view> passes_between(Stage from, Stage to) {
  std::vector<std::string_view> names;
  for (int stage = static_cast<int>(from) + 1; stage <= static_cast<int>(to); ++stage)
    for (const std::string_view name : passes_to(static_cast<Stage>(stage))) names.push_back(name);
  return names;
}

namespace {

// The first word that is neither blank nor comment.
std::string_view first_word(std::string_view text) {
  while (!text.empty()) {
    if (std::isspace(static_cast<unsigned char>(text[0]))) {
      text.remove_prefix(1);
    } else if (text[0] == ';') {
      text.remove_prefix(std::min(text.find('\n'), text.size() - 1) + 1);
    } else {
      break;
    }
  }
  size_t end = 0;
  while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end]))) ++end;
  return text.substr(0, end);
}

}  // namespace

FileKind kind_of(const std::string& path, const std::string& text) {
  if (path.ends_with(".gradus")) return FileKind::model;
  const std::string_view word = first_word(text);
  if (word == "graph") return FileKind::graph;
  if (word == "loops") return FileKind::loops;
  return FileKind::model;
}

std::vector<Block> blocks_of(const language::Unit& unit) {
  std::vector<Block> blocks;
  for (const std::string& name : unit.trains()) blocks.push_back({name, true});
  for (const std::string& name : unit.programs()) blocks.push_back({name, false});
  return blocks;
}

Block choose_block(const language::Unit& unit, const std::string& wanted, const std::string& file,
                   const Sources& sources) {
  const std::vector<Block> blocks = blocks_of(unit);
  std::string names;
  for (const Block& block : blocks) names += (names.empty() ? "" : ", ") + block.name;
  if (wanted.empty()) {
    if (blocks.size() == 1 || (!blocks.empty() && blocks[0].is_train && unit.trains().size() == 1))
      return blocks[0];
    if (blocks.empty())
      fail_program(fmt::format("'{}' has neither a train nor a program block", file), {},
                   "add `train NAME { … }` or `program NAME { … }`");
    sources.note(fmt::format("'{}' is the first of several blocks ({}); --only NAME chooses another",
                             blocks[0].name, names));
    return blocks[0];
  }
  for (const Block& block : blocks)
    if (block.name == wanted) return block;
  fail_program(fmt::format("'{}' has no train or program block '{}'", file, wanted), {},
               names.empty() ? "it has none" : "there are: " + names);
}

ElementType precision_named(const std::string& name) {
  return name == "f64" ? ElementType::f64 : ElementType::f32;
}

std::vector<std::pair<std::string, std::string>> split_settings(const std::vector<std::string>& settings) {
  std::vector<std::pair<std::string, std::string>> result;
  for (const std::string& setting : settings) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos || equals == 0)
      fail_program(fmt::format("--set {}: expected NAME=VALUE", setting), {}, "for example --set epochs=5");
    result.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
  }
  return result;
}

std::string json_text(const nlohmann::json& json) {
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

void write_text(const std::string& path, const std::string& text) {
  if (path.empty() || path == "-")
    fmt::print("{}", text);
  else
    write_file_atomically(path, std::vector<ByteView>{std::as_bytes(std::span(text))});
}

}  // namespace gradus::command_line
