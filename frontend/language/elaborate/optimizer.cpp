// The bodies of optimizers: once per parameter of a line, stage by stage.
#include <fmt/format.h>

#include <deque>

#include "frontend/language/elaborate/minimize.h"
#include "frontend/language/elaborate/terms.h"

namespace gradus::language {

// One parameter's run of a body. `evaluate at` interrupts it until all the others have come as far.
struct Elaborator::BodyRun {
  Environment environment;
  Activation activation;
  PathScope scope;
  const OptimizerStage* stage = nullptr;
  Storage* parameter = nullptr;
  bool begun = false;
  std::deque<const Statement*> left;      // statements still to run
  const Statement* evaluation = nullptr;  // where it was interrupted
  Value point;
};

namespace {

bool evaluates(const Block& block) {
  for (const Statement& statement : block.statements) {
    if (statement.as<EvaluateAt>()) return true;
    if (const auto* branch = statement.as<If>())
      if (evaluates(branch->then) || (branch->otherwise && evaluates(*branch->otherwise))) return true;
  }
  return false;
}

}  // namespace

// `points`: what `parameter` reads as, where it is not the parameter's value.
std::vector<std::unique_ptr<Elaborator::BodyRun>> Elaborator::begin_bodies(const OptimizerStage& stage,
                                                                           Line& line,
                                                                           const std::vector<Value>& points) {
  const Definition& definition = *stage.symbol->definition();
  Items all;
  for (Value gradient : line.gradients) all.push_back(Tensor{gradient, root_.get(), nullptr});
  const Object gradients = make_list(all);
  std::vector<std::unique_ptr<BodyRun>> bodies;
  for (size_t i = 0; i < line.parameters.size(); ++i) {
    bodies.push_back(std::make_unique<BodyRun>());
    BodyRun& body = *bodies.back();
    body.stage = &stage;
    body.parameter = line.parameters[i];
    body.environment.names["gradients"] = gradients;
    body.environment.names["gradient"] = all[i];
    body.environment.names["parameter"] =
        points.empty() ? Object(line.parameters[i]) : Object(Tensor{points[i], root_.get(), nullptr});
    body.activation.symbol = stage.symbol;
    body.activation.name = definition.name.text;
    body.activation.library = stage.symbol->file->library;
    body.activation.file = stage.symbol->file;
    body.activation.call_span = stage.span;
    body.activation.caller = activation_;
    body.activation.environment = &body.environment;
    body.activation.line = &line;
    body.scope.path = line.path;
    for (const Statement& statement : definition.body.statements) body.left.push_back(&statement);
  }
  return bodies;
}

// Runs a body to its next `evaluate at`; false at its end.
bool Elaborator::run_to_evaluation(BodyRun& body) {
  struct Enter {
    Elaborator& self;
    Activation* activation;
    PathScope* path;
    ~Enter() {
      self.activation_ = activation;
      self.path_ = path;
    }
  } enter{*this, activation_, path_};
  activation_ = &body.activation;
  path_ = &body.scope;
  body.activation.line->parameter = body.parameter;
  if (!body.begun) {
    body.begun = true;
    bind_parameters(*body.stage->symbol, body.stage->settings, body.environment, body.stage->span);
  }
  while (!body.left.empty()) {
    const Statement& statement = *body.left.front();
    body.left.pop_front();
    if (const auto* branch = statement.as<If>();
        branch && (evaluates(branch->then) || (branch->otherwise && evaluates(*branch->otherwise)))) {
      const Block* taken = condition(*branch->condition) ? &branch->then
                           : branch->otherwise           ? &*branch->otherwise
                                                         : nullptr;
      if (!taken) continue;
      std::vector<const Statement*> inner;
      for (const Statement& each : taken->statements) inner.push_back(&each);
      body.left.insert(body.left.begin(), inner.begin(), inner.end());
      continue;
    }
    const auto* at = statement.as<EvaluateAt>();
    if (!at) {
      run_statement(statement);
      continue;
    }
    const Type& type = body.parameter->type;
    const Object written = evaluate(*at->point);
    const Value point = to_value(written, type.element, at->point->span);
    const Shape shape = root_->builder.shape(point);
    if (!shape.empty() && shape != type.shape)
      error(at->point->span, fmt::format("the gradient of `{}`, {}, cannot be taken at {}",
                                         body.parameter->path, to_string(type), to_string(type_of(point))));
    put_origin(statement.span);
    // An identity of its own: the loss may hold an equal value that is no point.
    body.point = root_->builder.add(OpId::mark, {build::broadcast_to(root_->builder, point, type.shape)},
                                    {{"id", mark_ids_++}});
    body.evaluation = &statement;
    return true;
  }
  return false;
}

// Gradients that the next stage sees.
void Elaborator::end_bodies(const std::vector<std::unique_ptr<BodyRun>>& bodies, Line& line) {
  for (size_t i = 0; i < bodies.size(); ++i) {
    const SourceSpan& span = bodies[i]->stage->span;
    const Value next =
        to_value(bodies[i]->environment.names["gradient"], line.parameters[i]->type.element, span);
    line.gradients[i] = build::broadcast_to(root_->builder, next, line.parameters[i]->type.shape);
  }
}

// The body of one optimizer. A rebound `gradient` is what the next stage sees.
void Elaborator::run_optimizer_stage(const std::vector<OptimizerStage>& stages, size_t number, Line& line) {
  line.path = line.stage_paths[number];
  const std::vector<std::unique_ptr<BodyRun>> bodies = begin_bodies(stages[number], line);
  for (;;) {
    std::vector<Value> points;
    const Statement* evaluation = nullptr;
    for (const auto& body : bodies) {
      if (!run_to_evaluation(*body)) continue;
      points.push_back(body->point);
      evaluation = body->evaluation;
    }
    if (points.empty()) break;
    if (points.size() < bodies.size())
      error(evaluation->span, "`evaluate at` must be reached for all parameters of the line or for none",
            "a condition here must not depend on the parameter");
    evaluate_at(points, stages, number, line);
    Items all;
    for (Value gradient : line.gradients) all.push_back(Tensor{gradient, root_.get(), nullptr});
    const Object gradients = make_list(all);
    for (size_t i = 0; i < bodies.size(); ++i) {
      bodies[i]->environment.names["gradient"] = all[i];
      bodies[i]->environment.names["gradients"] = gradients;
    }
  }
  end_bodies(bodies, line);
}

// The line's gradients at other points, as the stages before this one pass them on.
void Elaborator::evaluate_at(const std::vector<Value>& points, const std::vector<OptimizerStage>& stages,
                             size_t number, Line& line) {
  std::map<Value, Value> replacements;
  for (size_t i = 0; i < points.size(); ++i)
    replacements[line.parameters[i]->versions[line.before[i] - 1]] = points[i];
  line.gradients = gradients_at(substitute(root_->builder, line.loss, replacements, mark_ids_), points);
  for (size_t k = 0; k < number; ++k) {
    const size_t updates = updates_;
    line.path = line.stage_paths[k];
    const std::vector<std::unique_ptr<BodyRun>> bodies = begin_bodies(stages[k], line, points);
    for (const auto& body : bodies)
      if (run_to_evaluation(*body))
        error(body->evaluation->span, "two optimizers of one line have `evaluate at`");
    if (updates_ != updates)
      error(stages[k].span,
            fmt::format("{} updates its state and stands before {}, which evaluates the gradient again",
                        stages[k].symbol->definition()->name.text,
                        stages[number].symbol->definition()->name.text),
            "put it behind");
    end_bodies(bodies, line);
  }
  line.path = line.stage_paths[number];
}

std::vector<Value> Elaborator::gradients_at(Value loss, const std::vector<Value>& points) {
  const std::vector<bool> seen = reaches(*root_, loss, {});
  std::vector<Value> dependent;
  for (Value point : points)
    if (point.node < seen.size() && seen[point.node]) dependent.push_back(point);
  const Value gradient = dependent.empty() ? Value{} : build::gradient(root_->builder, loss, dependent);
  std::vector<Value> gradients;
  uint32_t result = 0;
  for (Value point : points)
    gradients.push_back(seen[point.node] ? Value{gradient.node, result++}
                                         : build::zeros_like(root_->builder, point));
  return gradients;
}

// state(initializer) in an optimizer: shaped like the parameter, one per parameter.
Object Elaborator::make_slot(const std::string& local, const ArgumentValues& arguments,
                             const SourceSpan& span) {
  Line& line = *activation_->line;
  if (arguments.empty() || arguments.size() > 2 || !arguments[0].name.empty())
    error(span, "in an optimizer it is state(initializer), shaped like the parameter",
          "for example state(zeros)");
  Type type = line.parameter->type;
  if (arguments.size() == 2) type.shape = to_shape(arguments[0].value, span);
  const std::string path = join_path(join_path(line.path, local), line.parameter->path);
  if (const auto at = storage_by_path_.find(path); at != storage_by_path_.end()) return Object(at->second);
  return Object(&add_storage(path, type, false, arguments.back().value, span));
}

// How often the line has been executed, this time included.
Value Elaborator::line_step(Line& line, const SourceSpan& span) {
  if (line.step_now) return line.step_now;
  if (!line.step)
    line.step = &add_storage(join_path(line.stage_paths.back(), "step"), Type(ElementType::i64), false,
                             Object(int64_t{0}), span);
  Frame* inner = frame_;
  frame_ = root_.get();
  put_origin(span);
  line.step_now = build::add(root_->builder, line.step->versions.back(), 1);
  frame_ = inner;
  return line.step_now;
}

}  // namespace gradus::language
