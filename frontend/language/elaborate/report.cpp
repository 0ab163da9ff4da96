// Blocks after the step that look at tensors: `every epoch { print model(source).word[0..2] }`.
#include "frontend/language/elaborate/metric_block.h"
#include "frontend/language/elaborate/minimize.h"

namespace gradus::language {

Report Elaborator::run_report(const Symbol& symbol, const MetricBlock& block) {
  reporting_ = true;
  run_train(symbol);
  const char base = 0;
  stack_base_ = &base;
  Environment environment;
  environment.parent = block_environment_;
  Activation activation;
  activation.name = symbol.train()->name.text;
  activation.environment = &environment;
  PathScope scope;
  activation_ = &activation;
  path_ = &scope;
  const size_t storages = storages_.size();
  const Block& statements = *static_cast<const Block*>(block.statements.get());
  for (const Statement& statement : statements.statements) {
    if (is_about_metrics(statements, statement)) continue;
    const Storage* last = storages_.empty() ? nullptr : storages_.back().get();
    run_statement(statement);
    if (storages_.size() != storages && storages_.back().get() != last)
      record(diagnose(statement.span, "this makes parameters that training does not know",
                      "call an instance that was made before: use net = …", {}));
  }
  throw_if_errors();
  activation_ = nullptr;
  path_ = nullptr;
  Report report;
  report.statements = std::move(lesson_.statements);
  report.step = finish_step();
  return report;
}

}  // namespace gradus::language
