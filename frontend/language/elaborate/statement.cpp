// Statements that every block may hold.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/range.h"
#include "frontend/language/elaborate/scan_state.h"

namespace gradus::language {

namespace {

constexpr int64_t most_iterations = 1'000'000;

// What a block would bind, for poisoning.
void bound_names(const Block& block, std::vector<const Identifier*>& names) {
  for (const Statement& statement : block.statements) {
    if (const auto* assignment = statement.as<Assignment>())
      for (const Identifier& target : assignment->targets) names.push_back(&target);
    if (const auto* branch = statement.as<If>()) {
      bound_names(branch->then, names);
      if (branch->otherwise) bound_names(*branch->otherwise, names);
    }
    if (const auto* loop = statement.as<For>()) bound_names(loop->body, names);
    if (const auto* scan = statement.as<Scan>()) bound_names(scan->body, names);
    if (const auto* use = statement.as<Use>()) names.push_back(&use->path.root);
    if (const auto* collect = statement.as<Collect>()) names.push_back(&collect->name);
    if (const auto* metric = statement.as<Metric>(); metric && metric->value) names.push_back(&metric->name);
    if (const auto* input = statement.as<Input>()) names.push_back(&input->name);
    if (const auto* data = statement.as<Data>())
      for (const Identifier& name : data->names) names.push_back(&name);
  }
}

void collected_names(const Block& block, std::vector<const Identifier*>& names) {
  for (const Statement& statement : block.statements) {
    if (const auto* collect = statement.as<Collect>()) names.push_back(&collect->name);
    if (const auto* branch = statement.as<If>()) {
      collected_names(branch->then, names);
      if (branch->otherwise) collected_names(*branch->otherwise, names);
    }
  }
}

}  // namespace

namespace {

bool is_train_statement(const Statement& statement) {
  return statement.as<Data>() || statement.as<Action>() || statement.as<Metric>() || statement.as<Every>() ||
         statement.as<Finally>() || statement.as<Input>() || statement.as<When>() || statement.as<Load>();
}

}  // namespace

void Elaborator::run_block(const Block& block) {
  for (const Statement& statement : block.statements) run_statement(statement);
}

void Elaborator::run_statement(const Statement& statement) {
  guard_stack(statement.span);
  try {
    try {
      if (const auto* assignment = statement.as<Assignment>()) return run(*assignment, statement);
      if (const auto* branch = statement.as<If>()) return run(*branch, statement);
      if (const auto* loop = statement.as<For>()) return run(*loop, statement);
      if (const auto* scan = statement.as<Scan>()) return run(*scan, statement);
      if (const auto* use = statement.as<Use>()) return run(*use, statement);
      if (const auto* update = statement.as<Update>()) return run(*update, statement);
      if (const auto* collect = statement.as<Collect>()) return run(*collect, statement);
      if (const auto* penalty = statement.as<Penalty>()) return run(*penalty, statement);
      if (const auto* minimize = statement.as<Minimize>()) return run(*minimize, statement);
      if (const auto* expect = statement.as<Expect>()) return run(*expect, statement);
      if (const auto* print = statement.as<Print>()) return run(*print, statement);
      if (options_.mode != Mode::program && !activation_->symbol && !scan_ && is_train_statement(statement))
        return run_train_statement(statement);
      run_unsupported(statement);
    } catch (const ShapeError& shape) {
      error(statement.span, shape.what(), shape.hint);
    }
  } catch (const Abandon&) {
    poison(statement);
  }
}

void Elaborator::run_unsupported(const Statement& statement) {
  if (statement.as<Input>()) error(statement.span, "`input` stands in a train block");
  if (statement.as<Load>()) error(statement.span, "`load` stands in a train block");
  if (statement.as<EvaluateAt>())
    error(statement.span, "`evaluate at` stands in the body of an optimizer, outside of its loops",
          "optimizer lookahead(rate: float) { evaluate at parameter - rate * gradient … }");
  if (statement.as<When>())
    error(statement.span, "`when` stands in a train block, in no layer, scan or `every`",
          "where the condition is known, use `if`");
  if (const auto* action = statement.as<Action>())
    error(statement.span, fmt::format("`{}` does not stand here", action->name.text),
          "actions such as split(…) belong to a train block");
  error(statement.span, "this statement belongs to a train block");
}

void Elaborator::poison(const Statement& statement) {
  std::vector<const Identifier*> names;
  Block one;
  if (const auto* branch = statement.as<If>()) {
    bound_names(branch->then, names);
    if (branch->otherwise) bound_names(*branch->otherwise, names);
  } else if (const auto* loop = statement.as<For>()) {
    bound_names(loop->body, names);
    if (loop->scope) names.push_back(&loop->scope->root);
  } else if (const auto* scan = statement.as<Scan>()) {
    bound_names(scan->body, names);
  } else if (const auto* assignment = statement.as<Assignment>()) {
    for (const Identifier& target : assignment->targets) names.push_back(&target);
  } else if (const auto* use = statement.as<Use>()) {
    names.push_back(&use->path.root);
  } else if (const auto* collect = statement.as<Collect>()) {
    names.push_back(&collect->name);
  } else if (const auto* metric = statement.as<Metric>()) {
    names.push_back(&metric->name);
  } else if (const auto* input = statement.as<Input>()) {
    names.push_back(&input->name);
  } else if (const auto* data = statement.as<Data>()) {
    for (const Identifier& name : data->names) names.push_back(&name);
  }
  for (const Identifier* name : names) bind(*name, Poison{});
}

void Elaborator::bind(const Identifier& target, Object value) {
  if (target.text == "_") return;
  observe(target.span, value);
  Environment& environment = *activation_->environment;
  if (value.is<std::shared_ptr<Instance>>() || value.is<PathObject>()) {
    const auto at = environment.names.find(target.text);
    bound_instances_.push_back({&environment, target.text,
                                at == environment.names.end() ? std::nullopt : std::optional(at->second)});
  }
  environment.names[target.text] = std::move(value);
}

void Elaborator::run(const Assignment& assignment, const Statement& statement) {
  if (assignment.targets.size() == 1) {
    const Identifier& target = assignment.targets[0];
    if (options_.mode != Mode::program && activation_->environment == block_environment_)
      if (std::optional<Object> forced = override_of(target.text)) {
        take_setting(target.text, *forced, target.span);
        // `batch` is the rows of this specialization, wherever it is read.
        return bind(target, target.text == "batch" ? Object(settings.batch) : std::move(*forced));
      }
    // A parameter takes the name that it is bound to.
    if (const auto* call = assignment.value->as<Call>())
      if (const auto* name = call->callee->as<Name>();
          name && (name->text == "parameter" || name->text == "state")) {
        const std::optional<Object> callee = lookup(name->text, true, assignment.value->span);
        const auto* function = callee ? callee->as<FunctionObject>() : nullptr;
        if (function && function->builtin) {
          Path path;
          path.root = target;
          path.span = target.span;
          evaluate_call(*call, *assignment.value, nullptr, &path);  // binds the name as well
          return;
        }
      }
    Object value = evaluate(*assignment.value);
    if (value.is<Poison>()) throw Abandon{};
    if (options_.mode == Mode::program && !activation_->symbol)
      value = with_identity(target, *assignment.value, value);
    if (options_.mode != Mode::program && activation_->environment == block_environment_)
      take_setting(target.text, value, assignment.value->span);
    if (options_.mode != Mode::program && activation_->environment == block_environment_ &&
        target.text == "batch")
      value = Object(settings.batch);
    return bind(target, std::move(value));
  }
  const Object value = evaluate(*assignment.value);
  if (value.is<Poison>()) throw Abandon{};
  const Items* items = nullptr;
  if (const auto* results = value.as<ResultsObject>()) items = results->values.get();
  if (const auto* list = known_of(value).as<ListObject>()) items = list->items.get();
  if (!items)
    error(statement.span,
          fmt::format("{} names for one value, {}", assignment.targets.size(), describe(value)));
  if (items->size() != assignment.targets.size())
    error(statement.span, fmt::format("{} names for {} values", assignment.targets.size(), items->size()),
          "`_` discards a value");
  for (size_t i = 0; i < items->size(); ++i) {
    Object item = (*items)[i];
    if (options_.mode == Mode::program && !activation_->symbol)
      item = with_identity(assignment.targets[i], *assignment.value, item);
    bind(assignment.targets[i], std::move(item));
  }
}

namespace {

bool is_number_literal(const Expression& expression) {
  if (expression.as<Number>()) return true;
  if (const auto* unary = expression.as<Unary>())
    return unary->op == UnaryOperator::negate && is_number_literal(*unary->operand);
  const auto* list = expression.as<List>();
  if (!list || list->elements.empty()) return false;
  for (const ExpressionPointer& element : list->elements)
    if (!is_number_literal(*element)) return false;
  return true;
}

bool has_number(const Object& known) {
  if (const auto* list = known.as<ListObject>()) {
    for (const Object& item : *list->items)
      if (!has_number(known_of(item))) return false;
    return !list->items->empty();
  }
  return known.is<int64_t>() || known.is<double>();
}

void append_numbers(const Object& known, std::vector<double>& values) {
  if (const auto* list = known.as<ListObject>()) {
    for (const Object& item : *list->items) append_numbers(known_of(item), values);
  } else {
    values.push_back(number_of(known));
  }
}

}  // namespace

// In a lesson every assignment gives its value an identity of its own: a literal becomes a variable, anything
// else is marked.
Object Elaborator::with_identity(const Identifier& target, const Expression& expression, Object value) {
  if (frame_ != root_.get()) return value;
  if (auto* storage = value.as<Storage*>()) value = read(**storage);
  const Object known = known_of(value);
  const bool numbers = is_known(value) && has_number(known);
  if (numbers && is_number_literal(expression) && !value.is<Tensor>()) {
    Shape shape = shape_of(value, expression.span);
    check_shape(shape, expression.span);
    std::vector<double> values;
    append_numbers(known, values);
    if (static_cast<int64_t>(values.size()) != element_count(shape))
      error(expression.span, "the rows of this list differ in length");
    const Type type(options_.precision, shape);
    put_origin(target.span);
    std::string name = target.text;
    for (int64_t i = 2; std::any_of(lesson_.variables.begin(), lesson_.variables.end(),
                                    [&](const Variable& v) { return v.name == name; });
         ++i)
      name = fmt::format("{}_{}", target.text, i);
    const Value input = frame_->builder.input(name, InputKind::variable, type);
    lesson_.variables.push_back({name, type, std::move(values)});
    return Tensor{input, frame_, std::make_shared<const Object>(known)};
  }
  if (!value.is<Tensor>() && !numbers) return value;
  const auto* list = value.as<ListObject>();
  const bool integers = list && list->range;
  const Value plain = value.is<Tensor>() ? use(*value.as<Tensor>(), expression.span)
                      : integers         ? to_value(value, expression.span)
                                         : to_value(value, options_.precision, expression.span);
  put_origin(target.span);
  Tensor marked = tensor(frame_->builder.add(OpId::mark, {plain}, {{"id", mark_ids_++}}));
  if (is_known(value)) marked.known = std::make_shared<const Object>(known);
  return marked;
}

bool Elaborator::condition(const Expression& expression) {
  const Object value = evaluate(expression);
  const Object& known = known_of(checked(value, expression.span));
  if (const auto* boolean = known.as<bool>()) return *boolean;
  if (value.is<Tensor>())
    error(expression.span,
          fmt::format("this condition changes at run time ({}), but `if` is settled when the graph is built",
                      describe(value)),
          options_.mode != Mode::program && activation_->environment == block_environment_
              ? "use `when condition { … }`, or `where(condition, a, b)` for a value"
              : "use `where(condition, a, b)`");
  error(expression.span, fmt::format("a condition must be true or false, found {}", describe(value)));
}

void Elaborator::run(const If& branch, const Statement&) {
  if (condition(*branch.condition))
    run_block(branch.then);
  else if (branch.otherwise)
    run_block(*branch.otherwise);
}

void Elaborator::count_iterations(int64_t count, const SourceSpan& span) {
  iterations_ += count;
  if (count > most_iterations || iterations_ > most_iterations)
    fatal(span,
          fmt::format("loops of more than {} iterations cannot be unrolled into a graph", most_iterations),
          "`scan` is the loop that exists at run time");
}

Items Elaborator::range_items(const Range& range) {
  if (!range.is_range) {
    const Object value = evaluate(*range.first);
    if (const auto* list = known_of(checked(value, range.span)).as<ListObject>()) return *list->items;
    error(range.span, fmt::format("expected a range or a list, found {}", describe(value)),
          "a range is 0..n");
  }
  if (!range.first || !range.last) error(range.span, "a range needs both ends here: 0..n");
  const int64_t first = known_integer(*range.first, "the start of a range");
  const int64_t last = known_integer(*range.last, "the end of a range");
  const int64_t step = range.step ? known_integer(*range.step, "the step of a range") : 1;
  if (step == 0) error(range.span, "the step of a range must not be 0");
  const uint64_t count = range_length(first, last, step);
  if (count > static_cast<uint64_t>(most_iterations))
    error(range.span, fmt::format("a range of {} elements is too long", count),
          fmt::format("the limit is {}", most_iterations));
  Items items;
  for (uint64_t i = 0; i < count; ++i) items.push_back(Object(range_element(first, step, i)));
  return items;
}

Object Elaborator::list_of(const Range& range) { return make_list(range_items(range), range.is_range); }

void Elaborator::run(const For& loop, const Statement& statement) {
  const Items items = range_items(loop.sequence);
  if (loop.names.size() > 2) error(statement.span, "`for` has one name, or two: number and element");
  count_iterations(static_cast<int64_t>(items.size()), statement.span);
  std::vector<const Identifier*> collected;
  collected_names(loop.body, collected);
  for (const Identifier* name : collected) bind(*name, make_list({}));
  std::string base;
  if (loop.scope) {
    base = claim(local_name(*loop.scope), loop.scope->span);
    bind_path(*loop.scope, PathObject{base});
  }
  PathScope* outer = path_;
  for (size_t i = 0; i < items.size(); ++i) {
    if (loop.names.size() == 2) bind(loop.names[0], Object(static_cast<int64_t>(i)));
    bind(loop.names.back(), items[i]);
    if (!loop.scope) {
      const std::set<std::string> before = path_->claimed;
      run_block(loop.body);
      // A repeated `minimize` line and an instance made outside may have parameters here, new names may not.
      const bool made =
          std::any_of(path_->claimed.begin(), path_->claimed.end(), [&](const std::string& name) {
            if (before.contains(name)) return false;
            const std::vector<Storage*> below = storages_below(join_path(path_->path, name));
            return std::any_of(below.begin(), below.end(),
                               [](const Storage* storage) { return !storage->optimizer; });
          });
      if (made && items.size() > 1)
        error(statement.span, "a `for` that makes parameters needs a name for its scopes",
              fmt::format("for {} in … as blocks {{ … }} gives blocks[0], blocks[1], …",
                          loop.names.back().text));
      continue;
    }
    PathScope scope;
    scope.path = fmt::format("{}[{}]", base, i);
    scope.owner = outer->owner;
    const size_t bound = bound_instances_.size();
    path_ = &scope;
    try {
      run_block(loop.body);
    } catch (...) {
      path_ = outer;
      throw;
    }
    path_ = outer;
    forget_instances(bound);
  }
}

void Elaborator::run(const Use& use, const Statement& statement) {
  const std::string local = local_name(use.path);
  const auto* call = use.value->as<Call>();
  const auto* plain = use.value->as<Name>();
  const auto* name = call ? call->callee->as<Name>() : plain;
  if (!name) error(use.value->span, "`use` makes an instance of a layer: use n = f(settings)");
  const std::optional<Object> callee = lookup(name->text, true, use.value->span);
  if (!callee) unknown_name(name->text, use.value->span, true);
  const auto* function = callee->as<FunctionObject>();
  if (!function || !function->symbol || function->symbol->definition()->kind == Definition::Kind::function ||
      function->symbol->definition()->kind == Definition::Kind::optimizer)
    error(use.value->span, fmt::format("`use` needs a layer or model, found {}", describe(*callee)));
  ArgumentValues arguments = call ? evaluate_arguments(call->arguments, function->symbol) : ArgumentValues{};
  std::map<std::string, Object> settings =
      bind_arguments(*function->symbol, arguments, Binding::settings, use.value->span);
  bind_path(use.path, make_instance(*function->symbol, std::move(settings), local, statement.span));
}

// Instances made in an iteration of `for … as` are visible in it only.
void Elaborator::forget_instances(size_t from) {
  while (bound_instances_.size() > from) {
    BoundInstance& bound = bound_instances_.back();
    if (bound.environment == activation_->environment) {
      if (bound.before)
        bound.environment->names[bound.name] = std::move(*bound.before);
      else
        bound.environment->names.erase(bound.name);
    }
    bound_instances_.pop_back();
  }
}

void Elaborator::run(const Collect& collect, const Statement& statement) {
  Object value = evaluate(*collect.value);
  if (value.is<Poison>()) throw Abandon{};
  if (scan_ && scan_->activation == activation_) {
    scan_->collected[collect.name.text] = tensor(to_value(value, statement.span));
    return;
  }
  auto at = activation_->environment->names.find(collect.name.text);
  if (at == activation_->environment->names.end() || !at->second.is<ListObject>())
    error(statement.span, "`collect` stands in the body of `for` or `scan`");
  if (options_.mode == Mode::program && !activation_->symbol)
    value = with_identity(collect.name, *collect.value, std::move(value));
  ListObject list = *at->second.as<ListObject>();
  at->second = Nothing{};
  at->second = require_short(appended(std::move(list), std::move(value)), statement.span);
}

}  // namespace gradus::language
