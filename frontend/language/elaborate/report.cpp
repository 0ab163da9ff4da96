// `every epoch { … }`, `every n steps { … }`, `finally { … }`: what is said between steps. Lines over metrics
// alone are arithmetic on named numbers; the others belong to a graph, which reads the storage as it is then
// and has the metrics as inputs.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/known_math.h"
#include "frontend/language/print.h"

namespace gradus::language {

namespace {

constexpr const char* parts[] = {"train", "validation", "test"};

}  // namespace

void Elaborator::add_report(Report::Moment moment, int64_t steps, const Block& body, const SourceSpan& span) {
  if (activation_->environment != block_environment_ || report_)
    error(span, "this block stands in a train block itself, not in a block inside it");
  Report report;
  report.moment = moment;
  report.steps = steps;
  report.span = span;
  reports.push_back(std::move(report));
  report_bodies_.push_back(&body);
}

bool Elaborator::only_metrics(const Expression& expression) const {
  if (expression.as<Number>() || expression.as<Boolean>() || expression.as<String>()) return true;
  if (const auto* name = expression.as<Name>()) {
    for (const auto& [input, value] : settings.inputs)
      if (input == name->text) return true;
    if (report_ && activation_->environment->names.contains(name->text) &&
        std::find(metric_names.begin(), metric_names.end(), name->text) == metric_names.end())
      return false;
    return name->text == "epoch" || name->text == "step" || name->text == "pi" || name->text == "infinity" ||
           std::find(metric_names.begin(), metric_names.end(), name->text) != metric_names.end();
  }
  if (const auto* member = expression.as<Member>()) {
    const auto* base = member->base->as<Name>();
    if (!base) return false;
    const std::string path = base->text + "." + member->name.text;
    return std::find(std::begin(parts), std::end(parts), base->text) != std::end(parts) ||
           std::find(rate_names.begin(), rate_names.end(), path) != rate_names.end();
  }
  if (const auto* group = expression.as<Parentheses>()) return only_metrics(*group->inner);
  if (const auto* unary = expression.as<Unary>()) return only_metrics(*unary->operand);
  if (const auto* binary = expression.as<Binary>())
    return binary->op != BinaryOperator::matrix_multiply && only_metrics(*binary->left) &&
           only_metrics(*binary->right);
  if (const auto* call = expression.as<Call>()) {
    const auto* name = call->callee->as<Name>();
    return name && call->arguments.size() == 1 && !call->arguments[0].value.is_range &&
           !call->arguments[0].name && known_function(name->text, 1) &&
           only_metrics(*call->arguments[0].value.first);
  }
  return false;
}

bool Elaborator::only_metrics(const Statement& statement) const {
  if (const auto* line = statement.as<Print>())
    return std::all_of(line->values.begin(), line->values.end(),
                       [this](const ExpressionPointer& value) { return only_metrics(*value); });
  const auto* expect = statement.as<Expect>();
  return expect && only_metrics(*expect->condition) && (!expect->about || only_metrics(*expect->about)) &&
         (!expect->within || only_metrics(*expect->within));
}

// Where nothing else is said, no graph is needed.
void Elaborator::complete_reports() {
  for (size_t i = 0; i < reports.size(); ++i) {
    const auto& statements = report_bodies_[i]->statements;
    if (!std::all_of(statements.begin(), statements.end(),
                     [this](const Statement& s) { return only_metrics(s); }))
      continue;
    for (const Statement& statement : statements)
      reports[i].lines.emplace_back(
          MetricLine{std::shared_ptr<const void>(unit_.shared_from_this(), &statement), statement.span});
  }
}

bool Elaborator::needs_graph(size_t report) const {
  return reports[report].lines.empty() && !report_bodies_[report]->statements.empty();
}

Object Elaborator::metric_input(const std::string& name, const SourceSpan& span) {
  put_origin(span);
  return tensor(root_->builder.input(name, InputKind::data, Type(options_.precision)));
}

void Elaborator::run_report(size_t index) {
  Report& report = reports[index];
  // The storage as it is after the step, whatever the step updates.
  for (const auto& storage : storages_) storage->versions.resize(1);
  const size_t storages = storages_.size();
  Environment inner;
  inner.parent = activation_->environment;
  for (const std::string& name : metric_names) inner.names[name] = metric_input(name, report.span);
  for (const char* part : parts) {
    Items values;
    for (const std::string& name : metric_names)
      values.push_back(metric_input(fmt::format("{}.{}", part, name), report.span));
    inner.names[part] = ResultsObject{part, metric_names, std::make_shared<const Items>(std::move(values))};
  }
  activation_->environment = &inner;
  report_ = &report;
  for (const Statement& statement : report_bodies_[index]->statements) {
    if (only_metrics(statement)) {
      report.lines.emplace_back(
          MetricLine{std::shared_ptr<const void>(unit_.shared_from_this(), &statement), statement.span});
      continue;
    }
    run_statement(statement);
    take_lines();
  }
  report_ = nullptr;
  activation_->environment = inner.parent;
  if (storages_.size() != storages)
    record({Severity::error,
            fmt::format("`{}` would be made here, after the training step", storages_.back()->path),
            storages_.back()->span,
            {},
            "make instances before this block: use name = layer(…)"});
}

// What `print` and `expect` have said.
void Elaborator::take_lines() {
  for (auto& line : lesson_.statements)
    std::visit([this](auto& each) { report_->lines.emplace_back(std::move(each)); }, line);
  lesson_.statements.clear();
}

void Elaborator::run_image_sheet(const Action& action, const SourceSpan& span) {
  const char* example = "image_sheet(\"samples-{epoch}.png\", images)";
  if (action.arguments.size() != 2 || action.arguments[0].name || action.arguments[1].name ||
      action.arguments[0].value.is_range || action.arguments[1].value.is_range)
    error(span, "`image_sheet` takes the name of a file and a tensor", example);
  const Expression& first = *action.arguments[0].value.first;
  const auto* file = first.as<String>();
  if (!file) error(first.span, "the name of the file is a text", example);
  if (file->value.starts_with("/") || file->value.find("..") != std::string::npos || file->value.empty())
    error(first.span, "the file lies in the folder of the run", example);
  const Expression& second = *action.arguments[1].value.first;
  Value images = to_value(evaluate(second), second.span);
  const Shape shape = root_->builder.shape(images);
  put_origin(span);
  // [n, height, width] and [n, pixels] of square images get the axes they lack.
  if (shape.size() == 3) images = build::reshape(root_->builder, images, {shape[0], shape[1], shape[2], 1});
  if (shape.size() == 2) {
    int64_t side = 1;
    while (side * side < shape[1]) ++side;
    if (side * side == shape[1]) images = build::reshape(root_->builder, images, {shape[0], side, side, 1});
  }
  const Shape& found = root_->builder.shape(images);
  if (found.size() != 4 || (found[3] != 1 && found[3] != 3))
    error(second.span,
          fmt::format("{} is no list of images", to_string(Type(type_of(images).element, shape))),
          "images are [n, height, width, 1 or 3], [n, height, width] or [n, pixels] of square ones");
  if (!is_float(type_of(images).element)) images = promote(images, options_.precision, second.span, "images");
  take_lines();
  report_->lines.emplace_back(ImageSheet{file->value, report_result(images), span});
}

std::string Elaborator::report_result(Value value) {
  report_results_.push_back({fmt::format("value_{}", report_results_.size() + 1), value});
  return report_results_.back().name;
}

}  // namespace gradus::language
