// gradus format: the canonical layout of program texts.
#include "frontend/language/format.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/command_line/command.h"
#include "ir/shown_text.h"

namespace gradus::command_line {

namespace {

struct Options {
  std::vector<std::string> files;
  bool check = false;
  bool in_place = false;
};

// Names the files whose layout is another one.
int check_files(const std::vector<std::string>& files, Sources& sources) {
  size_t others = 0;
  for (const std::string& file : files) {
    const std::string& text = sources.read(file);
    if (language::format(text, file) == text) continue;
    ++others;
    fmt::print("{}\n", printable(file));
  }
  if (others > 0)
    sources.note(
        fmt::format("{} of {} files would be formatted; `gradus format -i` does it", others, files.size()));
  return others == 0 ? success : does_not_hold;
}

// All are formatted before the first is written.
int format_in_place(const std::vector<std::string>& files, Sources& sources) {
  if (std::find(files.begin(), files.end(), "-") != files.end())
    fail_program("--in-place: standard input is no file that could be written", {}, "leave --in-place away");
  std::vector<std::string> formatted;
  for (const std::string& file : files) formatted.push_back(language::format(sources.read(file), file));
  for (size_t i = 0; i < files.size(); ++i)
    if (formatted[i] != sources.read(files[i])) write_text(files[i], formatted[i]);
  return success;
}

}  // namespace

Action set_up_format(CLI::App& app) {
  auto options = std::make_shared<Options>();
  app.add_option("FILE", options->files, "program texts (- is standard input)")->required();
  app.add_flag("--check", options->check,
               "write nothing; name the files that would change, and exit with 1 if there are any");
  app.add_flag("-i,--in-place", options->in_place, "write each file anew, if its layout changes");
  return [options, &app](Sources& sources) {
    if (options->check) refuse(app, {"--in-place"}, "--check, which writes nothing");
    if (options->check) return check_files(options->files, sources);
    if (options->in_place) return format_in_place(options->files, sources);
    if (options->files.size() > 1)
      fail_program("several files cannot be written to standard output", {},
                   "-i writes each of them anew, --check only looks");
    write_text("-", language::format(sources.read(options->files.front()), options->files.front()));
    return success;
  };
}

}  // namespace gradus::command_line
