// Gradients and `minimize` lines.
#include "frontend/language/elaborate/minimize.h"

#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/builtin_call.h"
#include "frontend/language/print.h"
#include "ir/dependence.h"
#include "ir/structure.h"

namespace gradus::language {

// Which nodes `from` depends on through floats, stopping at (and marking) the nodes of `stop`.
std::vector<bool> Elaborator::reaches(Frame& frame, Value from, const std::set<Value>& stop) const {
  const Graph& graph = frame.builder.graph();
  std::set<uint32_t> stops;
  for (Value value : stop) stops.insert(value.node);
  return needed_by(graph, marked(graph, from), [&](uint32_t i, size_t k) {
    const Node& user = graph.node(i);
    if (stops.contains(i) || user.op->id == OpId::stop_gradient) return false;
    const Value operand = user.operands[k];
    if (is_custom_gradient(user) && operand == user.operands[0] && operand != user.operands[1]) return false;
    const std::vector<Type>& types = graph.node(operand).types;
    return std::any_of(types.begin(), types.end(), [](const Type& type) { return is_float(type.element); });
  });
}

void Elaborator::check_not_stale(Frame& frame, Value y, const std::vector<Storage*>& storages,
                                 const std::string& name, const SourceSpan& span) {
  std::set<Value> current;
  // What an update was computed from does not matter: a parameter is read as it is now.
  for (const auto& storage : storages_) current.insert(storage->versions.back());
  const std::vector<bool> seen = reaches(frame, y, current);
  for (const Storage* storage : storages)
    for (size_t i = 0; i + 1 < storage->versions.size(); ++i)
      if (seen[storage->versions[i].node])
        error(span, fmt::format("`{}` is stale: `{}` has changed since it was computed", name, storage->path),
              "compute it again after the update");
}

Object BuiltinCall::gradient() { return self.call_gradient(*this); }

Object Elaborator::call_gradient(BuiltinCall& call) {
  const SourceSpan& span = call.span;
  const Object y_object = checked(call.object("y"), span);
  if (is_known(y_object) && !y_object.is<Tensor>())
    error(call.place("y"), fmt::format("`gradient`: {} is a constant", describe(y_object)));
  const Value y = to_value(y_object, call.place("y"));
  if (!frame_->builder.shape(y).empty())
    error(call.place("y"), fmt::format("`gradient` needs a scalar, found {}", to_string(type_of(y))),
          "reduce it first: sum(…) or mean(…)", {origin_note(tensor(y))});
  if (!is_float(type_of(y).element))
    error(call.place("y"), fmt::format("{} has no gradient: only floats have", to_string(type_of(y))));

  struct Target {
    std::vector<Value> values;
    bool single = true;
  };
  std::vector<Value> xs;
  std::vector<Storage*> storages;
  const auto add_value = [&](const Object& object, const SourceSpan& place) {
    const auto* found = object.as<Tensor>();
    if (!found)
      error(place,
            fmt::format("`gradient` by {}: it is a constant, not a value of the graph", describe(object)),
            "derivatives are taken by parameters, inputs and named values");
    const Value x = use(*found, place);
    if (!is_float(type_of(x).element))
      error(place, fmt::format("{} has no gradient: only floats have", to_string(type_of(x))));
    if (const auto at = version_of_.find(x); frame_ == root_.get() && at != version_of_.end())
      storages.push_back(at->second);
    xs.push_back(x);
  };
  // The structure of x, to give the result the same one: values are taken from `xs` in order.
  const auto collect = [&](const auto& again, const Object& object, const SourceSpan& place) -> void {
    checked(object, place);
    if (const auto* list = object.as<ListObject>()) {
      for (const Object& item : *list->items) again(again, item, place);
    } else if (object.is<std::shared_ptr<Instance>>() || object.is<PathObject>()) {
      const std::string& path = object.is<PathObject>() ? object.as<PathObject>()->path
                                                        : (*object.as<std::shared_ptr<Instance>>())->path;
      for (Storage* storage : storages_below(path))
        if (storage->trainable) add_value(read(*storage), place);
    } else {
      add_value(object, place);
    }
  };
  const Object& x_object = call.object("x");
  const Expression* written = call.expression("x");
  if (written &&
      (written->as<Binary>() || written->as<Unary>() || written->as<Call>() || written->as<Number>()))
    error(call.place("x"), "`gradient` is taken by a name, a path, an instance or a list of these",
          "give the value a name first");
  collect(collect, x_object, call.place("x"));
  if (xs.empty()) error(call.place("x"), "`gradient`: there is nothing to differentiate by");
  check_not_stale(*frame_, y, storages, call.expression("y") ? print(*call.expression("y")) : "y", span);

  const std::set<Value> stop(xs.begin(), xs.end());
  const std::vector<bool> seen = reaches(*frame_, y, {});
  put_origin(span);
  std::vector<Value> dependent;
  for (Value x : xs)
    if (seen[x.node]) dependent.push_back(x);
  Value node;
  if (!dependent.empty()) node = build::gradient(frame_->builder, y, dependent);
  size_t next = 0;
  uint32_t result = 0;
  const auto take = [&]() -> Object {
    const Value x = xs[next++];
    if (seen[x.node]) return tensor({node.node, result++});
    warn(span, "this gradient is zero: the value does not depend on what it is differentiated by");
    put_origin(span);
    return tensor(build::zeros_like(frame_->builder, x));
  };
  const auto rebuild = [&](const auto& again, const Object& object) -> Object {
    Items items;
    if (const auto* list = object.as<ListObject>()) {
      for (const Object& item : *list->items) items.push_back(again(again, item));
    } else if (object.is<std::shared_ptr<Instance>>() || object.is<PathObject>()) {
      while (next < xs.size()) items.push_back(take());
    } else {
      return take();
    }
    return make_list(std::move(items));
  };
  return rebuild(rebuild, x_object);
}

// --- minimize

// `updating`: the last stage that gave a parameter a new version. What changes the gradient behind it changes
// what nobody reads.
void Elaborator::check_last_stage(const std::vector<OptimizerStage>& stages, const OptimizerStage* updating) {
  const OptimizerStage& last = stages.back();
  if (!updating || updating == &last) return;
  const std::string& name = last.symbol->definition()->name.text;
  const std::string& before = updating->symbol->definition()->name.text;
  error(last.span,
        fmt::format("{} stands behind {}, which has updated the parameters already: it changes nothing", name,
                    before),
        fmt::format("put it before: {}(…) |> {}(…)", name, before));
}

std::vector<Storage*> Elaborator::minimized_over(const Minimize& minimize, Value loss,
                                                 const SourceSpan& span) {
  std::vector<Storage*> over;
  if (minimize.over.empty()) {
    std::set<Value> current;
    for (const auto& storage : storages_) current.insert(storage->versions.back());
    const std::vector<bool> seen = reaches(*root_, loss, current);
    for (const auto& storage : storages_) {
      if (!storage->trainable) continue;
      bool depends = false;
      for (Value version : storage->versions) depends |= seen[version.node];
      if (depends) over.push_back(storage.get());
    }
    if (over.empty()) error(span, "the loss depends on no parameter", "is a `stop_gradient` in the way?");
    return over;
  }
  for (const Path& path : minimize.over) {
    for (const std::string& resolved : resolve_paths(path)) {
      size_t found = 0;
      for (Storage* storage : storages_below(resolved)) {
        if (!storage->trainable) continue;
        ++found;
        if (std::find(over.begin(), over.end(), storage) == over.end()) over.push_back(storage);
      }
      if (found == 0) error(path.span, fmt::format("there is no parameter below `{}`", resolved));
    }
  }
  return over;
}

void Elaborator::run(const Minimize& minimize, const Statement& statement) {
  if (report_) error(statement.span, "`every` and `finally` update nothing");
  const SourceSpan& span = statement.span;
  if (frame_ != root_.get() || scan_) error(span, "`minimize` cannot stand inside `scan`");
  if (activation_->symbol) error(span, "`minimize` stands in a train block or program");
  const Object loss_object = evaluate(*minimize.loss);
  if (options_.mode == Mode::settings) throw Abandon{};
  const Value loss = to_value(loss_object, minimize.loss->span);
  const std::string loss_name = print(*minimize.loss);
  if (!frame_->builder.shape(loss).empty())
    error(minimize.loss->span, fmt::format("the loss must be a scalar, found {}", to_string(type_of(loss))),
          "reduce it: mean(…)", {origin_note(tensor(loss))});
  if (!is_float(type_of(loss).element))
    error(minimize.loss->span, fmt::format("the loss must be a float, found {}", to_string(type_of(loss))));
  minimized_.push_back(loss);
  const bool named = minimize.loss->as<Name>() != nullptr;
  losses_.emplace_back(named ? loss_name : fmt::format("loss_{}", losses_.size() + 1), loss);
  if (!training_ && options_.mode != Mode::program) return;

  Object optimizer = evaluate(*minimize.optimizer);
  if (const auto* function = optimizer.as<FunctionObject>();
      function && function->symbol && function->symbol->definition()->kind == Definition::Kind::optimizer)
    optimizer = call_object(optimizer, {}, minimize.optimizer->span, nullptr);
  const auto* stages = optimizer.as<OptimizerObject>();
  if (!stages)
    error(minimize.optimizer->span, fmt::format("expected an optimizer, found {}", describe(optimizer)),
          "for example: with adam(1e-3)");

  const std::vector<Storage*> over = minimized_over(minimize, loss, span);
  check_not_stale(*root_, loss, over, loss_name, span);
  std::unique_ptr<Line>& line_slot = lines_[&statement];
  if (!line_slot) {
    line_slot = std::make_unique<Line>();
    for (const OptimizerStage& stage : *stages->stages) {
      const std::string& kind = stage.symbol->definition()->name.text;
      const std::string local =
          stage.name.empty() ? fmt::format("{}_{}", kind, ++path_->counters[kind]) : stage.name;
      line_slot->stage_paths.push_back(claim(local, stage.span));
      note_rate(stage, line_slot->stage_paths.back());
    }
  }
  Line& line = *line_slot;
  line.span = span;
  line.loss = loss;
  line.parameters = over;
  line.gradients.clear();
  line.before.clear();
  put_origin(span);
  std::set<Value> current;
  std::vector<Value> xs;
  const std::vector<bool> seen = reaches(*root_, loss, {});
  for (const Storage* storage : over) {
    line.before.push_back(storage->versions.size());
    if (seen[storage->versions.back().node])
      xs.push_back(storage->versions.back());
    else
      warn(span, fmt::format("`{}` does not depend on `{}`: its gradient is zero", loss_name, storage->path));
  }
  if (xs.empty()) error(span, fmt::format("`{}` depends on none of these parameters", loss_name));
  std::vector<Value> points;
  for (const Storage* storage : over) points.push_back(storage->versions.back());
  line.gradients = gradients_at(loss, points);
  const auto versions = [&] {
    size_t count = 0;
    for (const Storage* storage : over) count += storage->versions.size();
    return count;
  };
  const OptimizerStage* updating = nullptr;
  for (size_t i = 0; i < stages->stages->size(); ++i) {
    const size_t before = versions();
    run_optimizer_stage(*stages->stages, i, line);
    if (versions() != before) updating = &(*stages->stages)[i];
  }
  check_last_stage(*stages->stages, updating);
  for (size_t i = 0; i < over.size(); ++i)
    if (over[i]->versions.size() == line.before[i])
      error(minimize.optimizer->span,
            fmt::format("{} does not update `parameter`",
                        stages->stages->back().symbol->definition()->name.text),
            "a pipe of optimizers must end in one that does, such as sgd or adam");
  if (line.step) {
    Storage& step = *line.step;
    set_version(step, line.step_now);
    line.step_now = {};
  }
}

}  // namespace gradus::language
