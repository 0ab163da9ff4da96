#include "runtime/training/curves.h"

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "runtime/training/chart.h"

namespace gradus {

namespace {

std::vector<Curve::Point> points(std::span<const EpochRecord> history,
                                 const std::function<double(const EpochRecord&)>& value) {
  std::vector<Curve::Point> points;
  for (const EpochRecord& record : history)
    points.push_back({static_cast<double>(record.epoch), value(record)});
  return points;
}

std::vector<Chart> charts_of(const std::vector<std::string>& names,
                             const std::vector<std::string>& rate_names,
                             std::span<const EpochRecord> history) {
  std::vector<Chart> charts;
  for (size_t i = 0; i < names.size(); ++i) {
    const bool validation = names[i].starts_with("validation.");
    const std::string metric = validation ? names[i].substr(11) : names[i];
    auto chart =
        std::find_if(charts.begin(), charts.end(), [&](const Chart& c) { return c.title == metric; });
    if (chart == charts.end()) chart = charts.insert(chart, Chart{metric, {}});
    chart->curves.push_back({validation ? "validation" : "training", validation ? "#d95f02" : "#1f5fa8",
                             points(history, [i](const EpochRecord& record) { return record.values[i]; })});
  }
  for (size_t i = 0; i < rate_names.size(); ++i)
    charts.push_back({rate_names[i],
                      {{rate_names[i], "#1b9e77",
                        points(history, [i](const EpochRecord& record) { return record.rates[i]; })}}});
  return charts;
}

}  // namespace

std::string draw_curves(const std::string& title, const std::vector<std::string>& names,
                        const std::vector<std::string>& rate_names, std::span<const EpochRecord> history) {
  return draw_charts(title, charts_of(names, rate_names, history));
}

std::string history_json(const std::vector<std::string>& names, const std::vector<std::string>& rate_names,
                         std::span<const EpochRecord> history) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const EpochRecord& record : history) {
    object["epoch"].push_back(record.epoch);
    object["step"].push_back(record.step);
    // The library writes null for what JSON cannot say.
    for (size_t i = 0; i < names.size(); ++i) object[names[i]].push_back(record.values[i]);
    for (size_t i = 0; i < rate_names.size(); ++i) object[rate_names[i]].push_back(record.rates[i]);
  }
  return object.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace gradus
