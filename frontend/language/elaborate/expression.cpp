// Expressions: names, members, lists, conditionals, pipes.
#include <fmt/format.h>

#include <limits>
#include <numbers>

#include "frontend/language/elaborate/block_forms.h"
#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/setting_type.h"
#include "frontend/language/habits.h"

namespace gradus::language {

Object Elaborator::evaluate(const Expression& expression) {
  guard_stack(expression.span);
  try {
    return evaluate_node(expression);
  } catch (const ShapeError& shape) {
    error(expression.span, shape.what(), shape.hint);
  }
}

Object Elaborator::evaluate_node(const Expression& expression) {
  const SourceSpan& span = expression.span;
  struct Visit {
    Elaborator& self;
    const Expression& expression;
    const SourceSpan& span;

    Object operator()(const Number& number) const {
      return number.integer ? Object(*number.integer) : Object(number.value);
    }
    Object operator()(const String& text) const { return Object(text.value); }
    Object operator()(const Name& name) const { return self.evaluate_name(name.text, span); }
    Object operator()(const Boolean& boolean) const { return Object(boolean.value); }
    Object operator()(const None&) const { return Nothing{}; }
    Object operator()(const Placeholder&) const {
      self.error(span, "`_` stands for an argument of a call and has no value here");
    }
    Object operator()(const Ellipsis&) const {
      self.error(span, "`...` stands for axes: use it in a shape, an index or after `over:`");
    }
    Object operator()(const List& list) const { return self.require_short(self.evaluate_list(list), span); }
    Object operator()(const Parentheses& inner) const { return self.evaluate(*inner.inner); }
    Object operator()(const Interval& interval) const {
      return self.require_short(self.list_of(interval.range), span);
    }
    Object operator()(const Unary& unary) const {
      const Object operand = self.evaluate(*unary.operand);
      return unary.op == UnaryOperator::negate ? self.negate(operand, span) : self.logical_not(operand, span);
    }
    Object operator()(const Binary& binary) const {
      const Object left = self.evaluate(*binary.left);
      // Known conditions decide before the right side is looked at: `mask != none and size > 3`.
      if (const auto* known = left.as<bool>()) {
        if (binary.op == BinaryOperator::logical_and && !*known) return Object(false);
        if (binary.op == BinaryOperator::logical_or && *known) return Object(true);
      }
      const Object right = self.evaluate(*binary.right);
      return self.binary(binary.op, left, right, span);
    }
    Object operator()(const Pipe& pipe) const {
      const Object value = self.evaluate(*pipe.value);
      return self.evaluate_pipe_target(*pipe.target, value, pipe.value->span);
    }
    Object operator()(const Conditional& conditional) const {
      return self.evaluate(self.condition(*conditional.condition) ? *conditional.then
                                                                  : *conditional.otherwise);
    }
    Object operator()(const Call& call) const {
      return self.evaluate_call(call, expression, nullptr, nullptr);
    }
    Object operator()(const Index& index) const {
      const Object base = self.evaluate_place(*index.base);
      return self.index(base, index, span);
    }
    Object operator()(const Member& member) const {
      self.check_no_module(member);
      const Object base = self.evaluate_place(*member.base);
      Object result = self.member(base, member.name.text, member.name.span);
      if (auto* storage = result.as<Storage*>()) return self.read(**storage);
      return result;
    }
    Object operator()(const Everything& all) const { return self.evaluate_everything(all, span); }
    Object operator()(const Named& named) const { return self.evaluate_named(named, expression, nullptr); }
  };
  return std::visit(Visit{*this, expression, span}, expression.kind);
}

// Bases of members and indices: a parameter stays a place, so that paths can go on from it.
Object Elaborator::evaluate_place(const Expression& expression) {
  if (const auto* name = expression.as<Name>()) {
    if (std::optional<Object> found = lookup(name->text, false, expression.span)) return std::move(*found);
    unknown_name(name->text, expression.span, false);
  }
  if (const auto* inner = expression.as<Member>()) {
    check_no_module(*inner);
    return member(evaluate_place(*inner->base), inner->name.text, inner->name.span);
  }
  if (const auto* inner = expression.as<Index>())
    return index(evaluate_place(*inner->base), *inner, expression.span);
  return evaluate(expression);
}

// `torch.nn.functional.relu`: what is wanted is the last name.
void Elaborator::check_no_module(const Member& member) {
  const Expression* root = member.base.get();
  while (const auto* inner = root->as<Member>()) root = inner->base.get();
  const auto* name = root->as<Name>();
  if (!name || !is_module(name->text) || lookup(name->text, false, root->span)) return;
  const std::string& wanted = member.name.text;
  std::string hint = habit_of_unknown_name(wanted);
  if (lookup(wanted, true, member.name.span))
    hint = fmt::format("functions and layers stand alone: `{}`", wanted);
  if (hint.empty()) unknown_name(name->text, root->span, false);
  error(root->span, fmt::format("unknown name `{}`", name->text), hint);
}

Object Elaborator::evaluate_list(const List& list) {
  Items items;
  for (const ExpressionPointer& element : list.elements) {
    if (element->as<Ellipsis>()) {  // its sizes
      if (!activation_->ellipsis)
        error(element->span,
              "`...` is not bound here: no parameter of this definition has `...` in its pattern");
      for (int64_t size : activation_->ellipsis->sizes) items.push_back(Object(size));
      continue;
    }
    items.push_back(checked(evaluate(*element), element->span));
  }
  return make_list(std::move(items));
}

Object Elaborator::require_short(Object object, const SourceSpan& span) {
  const auto* list = object.as<ListObject>();
  const auto* function = object.as<FunctionObject>();
  const Extent extent = list ? list->extent : function ? function->extent : Extent{};
  if (list && extent.numbers > list_limit)
    error(span, fmt::format("a list of more than {} numbers", list_limit),
          "a tensor can be larger: zeros(…), iota(…), broadcast(…)");
  if (extent.numbers > list_limit)
    error(span, fmt::format("a function with more than {} values given", list_limit));
  if (extent.levels > level_limit)
    error(span, fmt::format("{} nested more than {} levels deep",
                            list ? "a list" : "a function within functions", level_limit));
  return object;
}

// --- Pipes and names given with `as`

Object Elaborator::evaluate_pipe_target(const Expression& target, const Object& piped,
                                        const SourceSpan& piped_span) {
  guard_stack(target.span);
  check_before_optimizer(target, piped, piped_span);
  try {
    if (const auto* call = target.as<Call>()) return evaluate_call(*call, target, &piped, nullptr);
    if (const auto* named = target.as<Named>()) return evaluate_named(*named, target, &piped);
    if (const auto* inner = target.as<Member>())
      return member(evaluate_pipe_target(*inner->base, piped, piped_span), inner->name.text,
                    inner->name.span);
    if (const auto* inner = target.as<Index>(); inner && !inner->base->as<Name>())
      return index(evaluate_pipe_target(*inner->base, piped, piped_span), *inner, target.span);
    const auto* name = target.as<Name>();
    std::optional<Object> callee =
        name ? lookup(name->text, true, target.span) : std::optional(evaluate(target));
    if (!callee) unknown_name(name->text, target.span, true);
    return call_object(*callee, {ArgumentValue{"", piped, piped_span}}, target.span, nullptr);
  } catch (const ShapeError& shape) {
    error(target.span, shape.what(), shape.hint);
  }
}

Object Elaborator::evaluate_named(const Named& named, const Expression& expression, const Object* piped) {
  const Expression& value = *named.value;
  if (const auto* call = value.as<Call>()) return evaluate_call(*call, value, piped, &named.path);
  const auto* name = value.as<Name>();
  if (piped && name) {
    std::optional<Object> callee = lookup(name->text, true, value.span);
    if (!callee) unknown_name(name->text, value.span, true);
    return call_object(*callee, {ArgumentValue{"", *piped, value.span}}, value.span, &named.path);
  }
  if (name) {  // an optimizer without arguments: `with sgd as first`
    std::optional<Object> callee = lookup(name->text, true, value.span);
    const auto* function = callee ? callee->as<FunctionObject>() : nullptr;
    if (function && function->symbol && function->symbol->definition()->kind == Definition::Kind::optimizer)
      return call_object(*callee, {}, value.span, &named.path);
  }
  const auto* group = value.as<Parentheses>();
  if (!group) error(expression.span, "`as` names a call or a group in parentheses");
  PathScope scope;
  scope.path = claim(local_name(named.path), named.path.span);
  scope.owner = path_->owner;
  PathScope* outer = path_;
  path_ = &scope;
  try {
    Object result = piped ? evaluate_pipe_target(*group->inner, *piped, value.span) : evaluate(*group->inner);
    path_ = outer;
    bind_path(named.path, PathObject{scope.path});
    return result;
  } catch (...) {
    path_ = outer;
    throw;
  }
}

// --- Names

Object Elaborator::read(Storage& storage) {
  ++effects_;
  return Tensor{storage.versions.back(), root_.get(), nullptr};
}

Object Elaborator::evaluate_name(const std::string& name, const SourceSpan& span) {
  std::optional<Object> found = lookup(name, false, span);
  if (!found) unknown_name(name, span, false);
  if (found->is<Poison>()) throw Abandon{};
  if (auto* storage = found->as<Storage*>()) found = read(**storage);
  observe(span, *found);
  return std::move(*found);
}

namespace {

bool callable(const Object& object) {
  return object.is<FunctionObject>() || object.is<std::shared_ptr<Instance>>() || object.is<Poison>();
}

}  // namespace

std::optional<Object> Elaborator::lookup(std::string_view name, bool call, const SourceSpan& span) {
  const bool in_block = !activation_->symbol;
  for (const Environment* environment = activation_->environment; environment;
       environment = environment->parent) {
    const auto at = environment->names.find(name);
    if (at != environment->names.end() && (!call || callable(at->second))) return at->second;
  }
  if (activation_->symbol && !call) {
    for (const Parameter& parameter : activation_->symbol->definition()->parameters)
      if (parameter.type)
        for (const std::string& word : parameter.type->alternatives)
          if (word == name && !find_setting_type(word)) return Object(word);
  }
  if (in_block && !call)
    if (std::optional<Object> output = model_output(std::string(name), span)) return output;
  if (const Symbol* symbol = unit_.find(name, activation_->file ? *activation_->file : *unit_.user)) {
    if (symbol->definition()) return FunctionObject{nullptr, symbol, nullptr};
    Object constant = constant_of(*symbol, span);
    if (!call || callable(constant)) return constant;
  }
  if (!call)
    if (std::optional<Object> special = special_name(name, span)) return special;
  if (const Builtin* builtin = find_builtin(name)) return FunctionObject{builtin, nullptr, nullptr};
  if (!call) return path_object(join_path(path_->path, std::string(name)));
  return std::nullopt;
}

std::optional<Object> Elaborator::special_name(std::string_view name, const SourceSpan& span) {
  if (name == "pi") return Object(std::numbers::pi);
  if (name == "infinity") return Object(std::numeric_limits<double>::infinity());
  if (name == "nan") return Object(std::numeric_limits<double>::quiet_NaN());
  if (name == "training") return Object(training_);
  if (name == "batch" && options_.mode != Mode::program) return Object(settings.batch);
  if (name == "step") {
    if ((options_.mode == Mode::program && !activation_->line) || frame_->initial_values) return std::nullopt;
    if (options_.mode == Mode::settings) return Object(Poison{});
    const Value value = activation_->line ? line_step(*activation_->line, span) : step_value(span);
    ++effects_;
    Frame* inner = frame_;
    frame_ = root_.get();
    put_origin(span);
    const Object step = Tensor{build::cast(root_->builder, ElementType::i32, value), root_.get(), nullptr};
    frame_ = inner;
    return step;
  }
  if (name == "penalties") {
    if (options_.mode == Mode::settings) return Object(Poison{});
    // Those of the model are met when it is called.
    if (model_ && !model_called_ && !activation_->symbol) call_model("penalties", span);
    return penalties(span);
  }
  if (name == "epoch" && options_.mode != Mode::program && !frame_->initial_values) return epoch_value(span);
  return std::nullopt;
}

void Elaborator::unknown_name(const std::string& name, const SourceSpan& span, bool call) {
  for (const char* later : {"image_sheet"})
    if (call && name == later) not_supported(span, fmt::format("`{}`", later));
  // Set by a branch that was not taken?
  std::vector<std::string> names;
  for (const Environment* e = activation_->environment; e; e = e->parent)
    for (const auto& [known, value] : e->names) names.push_back(known);
  for (const auto& [known, symbol] : (activation_->file ? activation_->file : unit_.user)->visible)
    names.push_back(known);
  for (const auto& [known, symbol] : unit_.library) names.push_back(known);
  for (const Builtin& builtin : builtins()) names.push_back(builtin.name);
  for (const SpecialName& special : special_names()) names.emplace_back(special.name);
  const std::string near = closest(name, names);
  std::string hint = habit_of_unknown_name(name);
  if (hint.empty() && !near.empty()) hint = fmt::format("did you mean `{}`?", near);
  if (hint.empty() && !call)
    hint = "a name must be set before it is read, also by the branch of `if` that is taken";
  error(span,
        call ? fmt::format("unknown layer or function `{}`", name) : fmt::format("unknown name `{}`", name),
        hint);
}

Object Elaborator::constant_of(const Symbol& symbol, const SourceSpan& span) {
  const auto at = constants_.find(&symbol);
  if (at != constants_.end()) return at->second;
  const Constant& constant = *symbol.constant();
  if (!constants_running_.insert(&symbol).second)
    error(span, fmt::format("the constant `{}` is defined by itself", constant.name.text));
  Environment environment;
  Activation activation;
  activation.name = constant.name.text;
  activation.library = symbol.file->library;
  activation.file = symbol.file;
  activation.call_span = span;
  activation.caller = activation_;
  activation.environment = &environment;
  Activation* outer = activation_;
  activation_ = &activation;
  // A constant of the file belongs to no graph, so it must be known.
  try {
    Object value = evaluate(*constant.value);
    if (value.is<Tensor>())
      error(constant.value->span, "a constant of the file must be known", "write a function");
    activation_ = outer;
    constants_running_.erase(&symbol);
    constants_.emplace(&symbol, value);
    return value;
  } catch (const Abandon&) {
    activation_ = outer;
    constants_running_.erase(&symbol);
    constants_.emplace(&symbol, Poison{});
    throw;
  }
}

std::optional<Object> Elaborator::path_object(const std::string& path) {
  if (const auto at = storage_by_path_.find(path); at != storage_by_path_.end()) return Object(at->second);
  if (const auto at = instances_.find(path); at != instances_.end()) return Object(at->second);
  const auto below = storage_by_path_.lower_bound(path);
  if (!path.empty())
    for (auto at = below; at != storage_by_path_.end() && at->first.starts_with(path); ++at)
      if (const char next = at->first[path.size()]; next == '.' || next == '[')
        return Object(PathObject{path});
  if (!path.empty())
    for (auto at = instances_.lower_bound(path); at != instances_.end() && at->first.starts_with(path); ++at)
      if (const char next = at->first[path.size()]; next == '.' || next == '[')
        return Object(PathObject{path});
  return std::nullopt;
}

Object Elaborator::member(const Object& base, const std::string& name, const SourceSpan& span) {
  if (base.is<Poison>()) throw Abandon{};
  if (const auto* results = base.as<ResultsObject>()) {
    for (size_t i = 0; i < results->names.size(); ++i)
      if (results->names[i] == name) return checked((*results->values)[i], span);
    const std::string near = closest(name, results->names);
    std::string all;
    for (const std::string& each : results->names) all += (all.empty() ? "" : ", ") + each;
    error(span, fmt::format("{} has no result `{}`", results->of, name),
          near.empty() ? fmt::format("its results are {}", all) : fmt::format("did you mean `{}`?", near));
  }
  const std::string* prefix = nullptr;
  if (const auto* instance = base.as<std::shared_ptr<Instance>>()) prefix = &(*instance)->path;
  if (const auto* path = base.as<PathObject>()) prefix = &path->path;
  if (!prefix) {
    std::string hint = habit_of_member(name);
    if (hint.empty() && lookup(name, true, span))
      hint = fmt::format("functions stand before what they are called with: `{}(x)`", name);
    error(span, fmt::format("{} has no members", describe(base)), hint);
  }
  if (std::optional<Object> found = path_object(join_path(*prefix, name))) return std::move(*found);
  std::vector<std::string> names;
  for (const auto& [path, storage] : storage_by_path_)
    if (prefix->empty() || path.starts_with(*prefix + ".")) {
      const std::string rest = path.substr(prefix->empty() ? 0 : prefix->size() + 1);
      names.push_back(rest.substr(0, rest.find_first_of(".[")));
    }
  const std::string near = closest(name, names);
  std::string hint = near.empty() ? "" : fmt::format("did you mean `{}`?", near);
  if (names.empty()) hint = "its parameters exist once it has been called";
  error(span, fmt::format("nothing is called `{}`", join_path(*prefix, name)), hint);
}

}  // namespace gradus::language
