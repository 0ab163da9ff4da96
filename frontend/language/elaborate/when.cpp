// `when c { … }`: a part of the step that some steps have and others have not, by specializations of the
// graph. Both kinds elaborate the body, so that paths, states and draws are the same in all; the steps
// without it forget what it did.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "ir/dependence.h"

namespace gradus::language {

void Elaborator::run(const When& when, const Statement& statement) {
  if (activation_->symbol || frame_ != root_.get() || scan_ || report_)
    error(statement.span, "`when` stands in a train block, in no layer, scan or `every`");
  if (options_.mode == Mode::settings) return run_branch(when.body, true);
  const SourceSpan& span = when.condition->span;
  const Object condition = checked(evaluate(*when.condition), span);
  if (is_known(condition)) return run_branch(when.body, to_bool(condition, "the condition of `when`", span));
  const Value value = to_value(condition, span);
  if (type_of(value) != Type(ElementType::boolean))
    error(span, fmt::format("the condition of `when` is {}, not true or false", to_string(type_of(value))),
          "compare: when step % 5 == 0 { … }");
  for (const gradus::Input& input : inputs_of(value))
    if ((input.kind != InputKind::data && input.kind != InputKind::step) ||
        !root_->builder.shape(input.value).empty())
      error(span,
            fmt::format("the condition of `when` depends on `{}`, which is not known before the step",
                        input.name.empty() ? "a draw" : input.name),
            "it may depend on `step`, `epoch` and inputs; for anything else there is where(…)");
  constexpr size_t most = 32;
  if (conditions_.size() == most) error(statement.span, fmt::format("more than {} `when` blocks", most));
  const size_t index = conditions_.size();
  conditions_.push_back(value);
  run_branch(when.body, training_ && (index >= options_.when.size() || options_.when[index]));
}

std::vector<gradus::Input> Elaborator::inputs_of(Value value) const {
  const Graph& graph = root_->builder.graph();
  const std::vector<bool> needed = needed_by(graph, marked(graph, value));
  std::vector<gradus::Input> inputs;
  for (const gradus::Input& input : graph.inputs())
    if (needed[input.value.node]) inputs.push_back(input);
  return inputs;
}

void Elaborator::run_branch(const Block& body, bool taken) {
  struct Before {
    size_t versions;
    bool touched;
  };
  std::vector<Before> before;
  for (const auto& storage : storages_) before.push_back({storage->versions.size(), storage->touched});
  const auto losses = losses_.size(), metrics = metrics_.size(), rates = rates_.size();
  const auto checks = static_cast<int64_t>(checks_.size());
  const size_t body_checks = root_->checks.size(), nodes = root_->builder.size();
  const auto penalties = penalties_;
  const auto penalty_order = penalty_order_;
  const bool model_called = model_called_;

  Environment inner;
  inner.parent = activation_->environment;
  struct Enter {
    Activation& activation;
    Environment* outer;
    ~Enter() { activation.environment = outer; }
  } enter{*activation_, activation_->environment};
  activation_->environment = &inner;
  run_block(body);

  if (metrics_.size() != metrics && !body.statements.empty())
    error(body.statements.front().span, "a metric cannot be of some steps only", "define it before `when`");
  // What is minimized in some steps only is a result of all if all compute it.
  for (size_t i = losses_.size(); i-- > losses;)
    if (losses_[i].second.node >= nodes) losses_.erase(losses_.begin() + static_cast<std::ptrdiff_t>(i));
  rates_.resize(rates);
  if (taken) return;
  for (size_t i = 0; i < storages_.size(); ++i) {
    storages_[i]->versions.resize(i < before.size() ? before[i].versions : 1);
    storages_[i]->touched = i < before.size() && before[i].touched;
  }
  penalties_ = penalties;
  penalty_order_ = penalty_order;
  if (model_called != model_called_) return;  // its checks hold for all that follows
  checks_.resize(static_cast<size_t>(checks));
  root_->checks.resize(body_checks);
  std::erase_if(check_numbers_, [&](const auto& each) { return each.second >= checks; });
}

}  // namespace gradus::language
