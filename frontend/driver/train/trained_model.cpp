#include "frontend/driver/train/trained_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <string_view>

#include "ir/error.h"
#include "runtime/data/file.h"

namespace gradus {

namespace {

namespace files = std::filesystem;

// The folder with run.json: that of the checkpoint, or of a fold the one above.
std::string run_folder_of(const files::path& checkpoint) {
  files::path folder = checkpoint.parent_path();
  for (int up = 0; up < 2; ++up) {
    const std::string name = folder.empty() ? "." : folder.string();
    if (is_run_folder(name)) return name;
    folder = folder.empty() ? files::path("..") : folder.parent_path();
  }
  fail_environment(fmt::format("{}: there is no run.json beside it, which says of what program it is",
                               checkpoint.string()),
                   {}, "name the folder of a run, or a checkpoint in it: runs/NAME/best.safetensors");
}

// The number behind fold-, from 0; 0 if the folder is called otherwise.
int64_t fold_of(const files::path& checkpoint) {
  const std::string folder = files::absolute(checkpoint).parent_path().filename().string();
  constexpr std::string_view prefix = "fold-";
  int64_t number = 1;
  if (folder.starts_with(prefix))
    std::from_chars(folder.data() + prefix.size(), folder.data() + folder.size(), number);
  return std::max<int64_t>(number, 1) - 1;
}

std::string checkpoint_in(const std::string& folder) {
  const std::string checkpoint = folder + "/checkpoint.safetensors";
  if (file_exists(checkpoint)) return checkpoint;
  if (file_exists(folder + "/fold-1/checkpoint.safetensors"))
    fail_program(fmt::format("{}: a run of several folds, each with a model of its own", folder), {},
                 fmt::format("name one of them: {}/fold-1", folder));
  if (file_exists(folder + "/resume.safetensors"))
    fail_program(fmt::format("{}: the training has not ended", folder), {},
                 fmt::format("`gradus train --resume {}` goes on with it", folder));
  fail_environment(fmt::format("{}: there is no checkpoint.safetensors in this folder", folder), {},
                   "name the folder that `gradus train` wrote to: runs/NAME or that of --output");
}

}  // namespace

TrainedModel open_trained_model(const std::string& path) {
  std::error_code error;
  std::string folder = path;
  while (folder.size() > 1 && folder.ends_with('/')) folder.pop_back();
  TrainedModel model;
  model.checkpoint = files::is_directory(path, error) ? checkpoint_in(folder) : path;
  model.info = read_checkpoint_info(model.checkpoint);
  const std::string run = run_folder_of(model.checkpoint);
  model.fold = fold_of(model.checkpoint);
  model.run = read_run_description(run);
  model.run.sources = read_run_sources(run);
  const bool complete = !model.run.sources.empty() && !model.info.preparation.empty();
  if (complete)
    model.preparation =
        preparation_from_json(model.info.preparation, fmt::format("{}: preparation", model.checkpoint));
  if (!complete || model.preparation.columns.empty())
    fail_program(
        fmt::format("{}: does not say what program it is of and what its columns were", model.checkpoint), {},
        "it is of an earlier release: train again");
  return model;
}

}  // namespace gradus
