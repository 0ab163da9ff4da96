#include "frontend/driver/train/folds.h"

#include <fmt/format.h>

#include <cmath>

#include "ir/shown_text.h"
#include "runtime/data/file.h"

namespace gradus {

namespace {

// Every number of a report, with its name: those of the history, then those of the test part.
std::vector<std::pair<std::string, double>> numbers_of(const TrainingReport& report) {
  std::vector<std::pair<std::string, double>> numbers;
  for (size_t i = 0; i < report.final_values.size(); ++i)
    numbers.emplace_back(report.names[i], report.final_values[i]);
  numbers.insert(numbers.end(), report.test.begin(), report.test.end());
  return numbers;
}

struct Statistics {
  double mean = 0, deviation = 0;
};

Statistics statistics(const std::vector<TrainingReport>& folds, size_t index) {
  const auto count = static_cast<double>(folds.size());
  Statistics result;
  for (const TrainingReport& fold : folds) result.mean += numbers_of(fold)[index].second / count;
  for (const TrainingReport& fold : folds)
    result.deviation += std::pow(numbers_of(fold)[index].second - result.mean, 2) / (count - 1);
  result.deviation = std::sqrt(result.deviation);
  return result;
}

}  // namespace

TrainingReport mean_report(const std::vector<TrainingReport>& folds) {
  TrainingReport mean = folds.back();
  mean.history.clear();
  mean.messages.clear();
  mean.epoch = mean.step = 0;
  mean.seconds = 0;
  for (const TrainingReport& fold : folds) {
    mean.epoch += fold.epoch;
    mean.step += fold.step;
    mean.seconds += fold.seconds;
    mean.messages.insert(mean.messages.end(), fold.messages.begin(), fold.messages.end());
  }
  for (size_t i = 0; i < mean.final_values.size(); ++i) mean.final_values[i] = statistics(folds, i).mean;
  for (size_t i = 0; i < mean.test.size(); ++i)
    mean.test[i].second = statistics(folds, mean.final_values.size() + i).mean;
  return mean;
}

std::string write_folds(const std::string& folder, const std::vector<TrainingReport>& folds) {
  const auto first = numbers_of(folds.front());
  std::string text = "fold,epoch,step";
  for (const auto& [name, value] : first) text += "," + name;
  text += "\n";
  for (size_t fold = 0; fold < folds.size(); ++fold) {
    text += fmt::format("{},{},{}", fold + 1, folds[fold].epoch, folds[fold].step);
    for (const auto& [name, value] : numbers_of(folds[fold])) text += "," + shown_number(value);
    text += "\n";
  }
  std::string mean = "mean,,", deviation = "deviation,,";
  for (size_t i = 0; i < first.size(); ++i) {
    mean += "," + shown_number(statistics(folds, i).mean);
    deviation += "," + shown_number(statistics(folds, i).deviation);
  }
  text += mean + "\n" + deviation + "\n";
  const std::string path = folder + "/folds.csv";
  write_file_atomically(path, std::vector<ByteView>{std::as_bytes(std::span(text))});
  return path;
}

}  // namespace gradus
