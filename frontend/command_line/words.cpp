#include "frontend/command_line/words.h"

#include "frontend/driver/data/readers.h"
#include "frontend/language/elaborate/block_forms.h"
#include "frontend/language/elaborate/builtins.h"
#include "frontend/language/elaborate/setting_type.h"
#include "frontend/language/words.h"
#include "ir/type.h"

namespace gradus::command_line {

namespace {

template <class Records, class Name>
nlohmann::json names_of(const Records& records, Name name) {
  nlohmann::json list = nlohmann::json::array();
  for (const auto& record : records) list.push_back(record.*name);
  return list;
}

nlohmann::json types() {
  nlohmann::json list = names_of(language::setting_types(), &language::SettingType::name);
  for (int type = 0; type <= static_cast<int>(ElementType::boolean); ++type)
    if (const std::string_view word = name(static_cast<ElementType>(type));
        !language::find_setting_type(word))
      list.push_back(word);
  return list;
}

}  // namespace

nlohmann::json language_words() {
  using namespace language;
  return {{"reserved", names_of(reserved_words(), &Keyword::text)},
          {"statement", names_of(statement_words(), &Keyword::text)},
          {"definition", names_of(definition_words(), &Keyword::text)},
          {"types", types()},
          {"settings", names_of(train_settings(), &TrainSetting::name)},
          {"actions", names_of(train_actions(), &TrainAction::name)},
          {"readers", names_of(data_readers(), &DataReader::name)},
          {"builtin", names_of(builtins(), &Builtin::name)},
          {"special", names_of(special_names(), &SpecialName::name)}};
}

}  // namespace gradus::command_line
