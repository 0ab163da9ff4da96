// What a train block may say besides statements: settings and actions, and names that mean something by
// themselves.
#pragma once

#include <span>
#include <string_view>
#include <vector>

namespace gradus::language {

// `epochs = 20`
struct TrainSetting {
  std::string_view name;
  std::string_view otherwise;  // its value if it is not set
  std::string_view documentation;
};
std::span<const TrainSetting> train_settings();

// `split(validation: 0.1)`
struct TrainAction {
  std::string_view name;
  std::string_view documentation;
  std::vector<std::string_view> arguments;
};
std::span<const TrainAction> train_actions();
const TrainAction* find_train_action(std::string_view name);

// `step`, `pi`
struct SpecialName {
  std::string_view name;
  std::string_view documentation;
};
std::span<const SpecialName> special_names();

}  // namespace gradus::language
