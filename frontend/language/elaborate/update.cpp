// Statements with an effect beyond their names: `update` and `penalty`.
#include <fmt/format.h>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/terms.h"
#include "ir/dependence.h"

namespace gradus::language {

void Elaborator::run(const Update& update, const Statement& statement) {
  if (report_) error(statement.span, "`every` and `finally` update nothing");
  ++effects_;
  if (frame_ != root_.get() || scan_)
    error(statement.span, "`update` cannot stand inside `scan`",
          "carry the value with `with`, update after the loop");
  for (const Path::Step& step : update.path.steps)
    if (std::holds_alternative<Path::Everything>(step)) return update_everything(update, statement);
  const std::string path = resolve_path(update.path);
  const auto at = storage_by_path_.find(path);
  if (at == storage_by_path_.end())
    error(update.path.span, fmt::format("`{}` is not a parameter or state", path),
          "only storage can be updated");
  update_storage(*at->second, update, statement.span);
}

void Elaborator::update_storage(Storage& storage, const Update& update, const SourceSpan& span) {
  Object value = evaluate(*update.value);
  Value next = to_value(value, storage.type.element, update.value->span);
  put_origin(span);
  if (frame_->builder.shape(next).empty())
    next = build::broadcast_to(frame_->builder, next, storage.type.shape);
  if (type_of(next) != storage.type)
    error(span,
          fmt::format("update of `{}`: it is {}, the new value {}", storage.path, to_string(storage.type),
                      to_string(type_of(next))),
          "", {origin_note(tensor(next))});
  set_version(storage, next);
}

namespace {

// Of `head.weight` below `head`: `weight`; of `blocks[0].weight` below `blocks`: `[0].weight`.
std::string rest_of(const std::string& path, const std::string& prefix) {
  const std::string rest = path.substr(prefix.size());
  return rest.starts_with('.') ? rest.substr(1) : rest;
}

std::string below(const std::string& prefix, const std::string& rest) {
  return rest.starts_with('[') ? prefix + rest : join_path(prefix, rest);
}

std::string no_parameter_below(const std::string& prefix) {
  return fmt::format("there is no parameter below `{}`", prefix.empty() ? "model" : prefix);
}

constexpr const char* after_the_call = "parameters exist once the layer or model has been called";

}  // namespace

// update target.* = 0.99 * target.* + 0.01 * source.*: parameter by parameter, by the rest of its path.
void Elaborator::update_everything(const Update& update, const Statement& statement) {
  if (!std::holds_alternative<Path::Everything>(update.path.steps.back()))
    error(update.path.span, "`.*` stands at the end of a path");
  const std::string prefix = resolve_path(update.path);
  size_t count = 0;
  for (Storage* storage : storages_below(prefix)) {
    if (!storage->trainable || storage->path == prefix) continue;
    ++count;
    const std::string rest = rest_of(storage->path, prefix);
    struct Restore {
      const std::string*& at;
      const std::string* saved;
      ~Restore() { at = saved; }
    } restore{everything_, everything_};
    everything_ = &rest;
    update_storage(*storage, update, statement.span);
  }
  if (count == 0) error(update.path.span, no_parameter_below(prefix), after_the_call);
}

// base.*: in an update the parameter at the same place below `base`, elsewhere the list of all.
Object Elaborator::evaluate_everything(const Everything& everything, const SourceSpan& span) {
  const Object base = evaluate_place(*everything.base);
  const std::string* prefix = nullptr;
  if (const auto* instance = base.as<std::shared_ptr<Instance>>()) prefix = &(*instance)->path;
  if (const auto* path = base.as<PathObject>()) prefix = &path->path;
  if (!prefix) error(span, fmt::format("{} has no parameters", describe(checked(base, span))));
  if (everything_) {
    const std::string path = below(*prefix, *everything_);
    const auto at = storage_by_path_.find(path);
    if (at == storage_by_path_.end())
      error(span, fmt::format("there is no parameter `{}`", path),
            "both sides of this update must have the same parameters");
    return read(*at->second);
  }
  Items items;
  for (Storage* storage : storages_below(*prefix))
    if (storage->trainable) items.push_back(read(*storage));
  if (items.empty()) error(span, no_parameter_below(*prefix), after_the_call);
  return make_list(std::move(items));
}

// A shared layer is called twice, its weights are penalized once: equal values of one statement in one scope
// are one penalty.
void Elaborator::run(const Penalty& penalty, const Statement& statement) {
  ++effects_;
  if (frame_ != root_.get())
    error(statement.span, "`penalty` cannot stand inside `scan`",
          "collect the values, then penalize their sum after the loop");
  const Object object = evaluate(*penalty.value);
  const SourceSpan& span = penalty.value->span;
  const Value value = to_value(object, options_.precision, span);
  if (!root_->builder.shape(value).empty())
    error(span, fmt::format("a penalty is one number, found {}", to_string(type_of(value))),
          "reduce it: sum(…)", {origin_note(tensor(value))});
  std::vector<Value>& met = penalties_[{&statement, path_->path}];
  for (Value other : met)
    if (same_term(root_->builder, value, other)) return;
  met.push_back(value);
  penalty_order_.push_back({value, user_span(statement.span), path_->path});
}

// The sum of the penalties met so far.
Object Elaborator::penalties(const SourceSpan& span) {
  ++effects_;
  Value total;
  put_origin(span);
  for (const MetPenalty& met : penalty_order_)
    total = total ? build::add(root_->builder, total, met.value) : met.value;
  if (!total) return Object(0.0);
  return Tensor{total, root_.get(), nullptr};
}

// A penalty that no loss takes in trains nothing.
void Elaborator::warn_of_lost_penalties() {
  const Graph& graph = root_->builder.graph();
  std::vector<bool> minimized(root_->builder.size());
  for (const Value loss : minimized_) minimized[loss.node] = true;
  minimized = needed_by(graph, std::move(minimized));
  std::vector<const MetPenalty*> lost;
  for (const MetPenalty& met : penalty_order_)
    if (!minimized[met.value.node]) lost.push_back(&met);
  if (lost.empty()) return;
  const std::string more = lost.size() == 1 ? "" : fmt::format(" (and {} more)", lost.size() - 1);
  const std::string of = lost[0]->path.empty() ? "" : fmt::format(" of `{}`", lost[0]->path);
  warn(lost[0]->span,
       fmt::format("the penalty{}{} is in no loss that is minimized: it changes nothing", of, more),
       "add it: loss = … + penalties, the sum of those met so far");
}

}  // namespace gradus::language
