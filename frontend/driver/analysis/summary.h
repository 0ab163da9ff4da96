// The table of a model's layers: what each gives, and how many numbers it keeps.
#pragma once

#include <string>
#include <vector>

#include "frontend/language/elaborate.h"

namespace gradus {

struct SummaryRow {
  std::string path;  // empty: a function
  std::string kind;
  std::vector<Type> outputs;
  int64_t parameters = 0;  // with those of the layers inside
  int64_t state = 0;
};

struct Summary {
  std::string name;
  std::vector<Type> outputs;  // of the model; empty where a block has several
  std::vector<SummaryRow> rows;
  int64_t parameters = 0;  // trained
  int64_t state = 0;       // kept, but not trained: running averages
  int64_t optimizer = 0;   // state of optimizers
  int64_t bytes = 0;       // of all
};

Summary summarize(const std::string& name, const std::vector<language::LayerRow>& layers,
                  const std::vector<language::StorageRow>& storage);

std::string summary_table(const Summary& summary);

}  // namespace gradus
