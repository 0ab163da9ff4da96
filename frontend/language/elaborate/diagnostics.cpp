#include <fmt/format.h>

#include <cstdlib>

#include "ir/shown_text.h"

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/number_kind.h"
#include "ir/structure.h"

namespace gradus::language {

namespace {

constexpr size_t most_errors = 50;

}  // namespace

SourceSpan Elaborator::user_span(const SourceSpan& span) const {
  const SourceSpan* place = &span;
  for (const Activation* a = activation_; a && a->library; a = a->caller) place = &a->call_span;
  return *place;
}

Diagnostic Elaborator::diagnose(const SourceSpan& span, std::string message, std::string hint,
                                std::vector<Diagnostic::Note> notes) const {
  Diagnostic diagnostic{Severity::error, std::move(message), user_span(span), {}, std::move(hint)};
  const SourceSpan* place = &span;
  size_t frames = 0;
  const Activation* a = activation_;
  for (; a && a->library; a = a->caller) {  // innermost first
    if (frames++ < 4) diagnostic.notes.push_back({fmt::format("in {}", a->name), *place});
    place = &a->call_span;
  }
  for (; a && a->caller && frames < 7; a = a->caller, ++frames)
    diagnostic.notes.push_back({fmt::format("in {}, called here", a->name), a->call_span});
  for (auto& note : notes) diagnostic.notes.push_back(std::move(note));
  return diagnostic;
}

void Elaborator::record(Diagnostic diagnostic) {
  const std::string key = fmt::format("{}:{}:{}:{}", diagnostic.span.file, diagnostic.span.line,
                                      diagnostic.span.column, diagnostic.message);
  if (!reported_.insert(key).second) return;
  errors_.push_back(std::move(diagnostic));
  if (errors_.size() >= most_errors) throw_if_errors();
}

void Elaborator::throw_if_errors() {
  if (!errors_.empty()) throw Error(ErrorKind::program, std::move(errors_));
}

void Elaborator::error(const SourceSpan& span, std::string message, std::string hint,
                       std::vector<Diagnostic::Note> notes) {
  record(diagnose(span, std::move(message), std::move(hint), std::move(notes)));
  throw Abandon{};
}

void Elaborator::fatal(const SourceSpan& span, std::string message, std::string hint) {
  record(diagnose(span, std::move(message), std::move(hint), {}));
  throw Error(ErrorKind::program, std::move(errors_));
}

void Elaborator::not_supported(const SourceSpan& span, const std::string& what) {
  error(span, fmt::format("{} is not supported yet", what));
}

void Elaborator::warn(const SourceSpan& span, std::string message, std::string hint,
                      std::vector<Diagnostic::Note> notes) {
  Diagnostic diagnostic = diagnose(span, std::move(message), std::move(hint), std::move(notes));
  diagnostic.severity = Severity::warning;
  for (const Diagnostic& other : warnings)
    if (other.message == diagnostic.message && other.span == diagnostic.span) return;
  warnings.push_back(std::move(diagnostic));
}

Diagnostic::Note Elaborator::origin_note(const Tensor& value) const {
  const Origins& origins = value.frame->builder.origins(value.value);
  const Node& node = value.frame->builder.node(value.value);
  std::string where = std::string(to_string(value.frame->builder.type(value.value)));
  if (is_input(node)) {
    for (const gradus::Input& input : value.frame->builder.graph().inputs())
      if (input.value == value.value) return {fmt::format("{} is {}", where, input.name), {}};
  }
  if (value.frame == root_.get() && totals_.contains(value.value))
    where += " is a total";
  else if (is_mark(node))
    where += " is bound";  // a lesson's assignment
  else
    where += " comes from " + std::string(node.op->name);
  const Origin* source = find_source(origins);
  if (source && !source->chain.front().scope.empty()) where += " in " + source->chain.front().scope;
  return {where, place_of(origins)};
}

// Behind views: a softmax is one also if it was reshaped. A library's function is named, not what it ends
// with.
Diagnostic::Note Elaborator::maker_note(Value value) const {
  const Value made = behind_views(frame_->builder.graph(), value);
  const Node& node = frame_->builder.node(made);
  if (is_input(node)) return origin_note({made, frame_, nullptr});
  const Origins& origins = frame_->builder.origins(made);
  const Origin* source = find_source(origins);
  std::string maker(node.op->name);
  if (source && source->chain.size() > 1 && !find_builtin(maker)) maker = source->chain.back().scope;
  return {fmt::format("{} comes from {}", to_string(frame_->builder.type(value)), maker), place_of(origins)};
}

std::string Elaborator::describe(const Object& object) const {
  struct Describe {
    const Elaborator& self;
    std::string operator()(const Nothing&) const { return "none"; }
    std::string operator()(const Poison&) const { return "an erroneous value"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(int64_t value) const { return std::to_string(value); }
    std::string operator()(double value) const { return shown_number(value); }
    std::string operator()(const std::string& value) const { return fmt::format("\"{}\"", value); }
    std::string operator()(const Tensor& value) const {
      return to_string(value.frame->builder.type(value.value));
    }
    std::string operator()(const ListObject& list) const {
      if (list.items->size() > 8) return fmt::format("a list of {}", list.items->size());
      std::string out = "[";
      for (const Object& item : *list.items) out += (out.size() > 1 ? ", " : "") + self.describe(item);
      return out + "]";
    }
    std::string operator()(const ResultsObject& results) const {
      return fmt::format("the {} results of {}", results.names.size(), results.of);
    }
    std::string operator()(const FunctionObject& function) const {
      return fmt::format("function {}", function.name());
    }
    std::string operator()(const OptimizerObject&) const { return "an optimizer"; }
    std::string operator()(const std::shared_ptr<Instance>& instance) const {
      return fmt::format("an instance of {}", instance->symbol->definition()->name.text);
    }
    std::string operator()(const Storage* storage) const {
      return fmt::format("{} {}", to_string(storage->type), storage->path);
    }
    std::string operator()(const PathObject& path) const { return fmt::format("the scope {}", path.path); }
  };
  return std::visit(Describe{*this}, object.kind);
}

void Elaborator::observe(const SourceSpan& place, const Object& object) const {
  if (options_.observer && !object.is<Poison>()) options_.observer(place, describe(object));
}

void Elaborator::guard_stack(const SourceSpan& span) {
  constexpr std::ptrdiff_t most = 6'000'000;  // of the usual 8 MB
  if (std::abs(stack_base_ - frame_address()) > most)
    fatal(span, "calls and expressions are nested too deeply", "is there a recursion without end?");
}

}  // namespace gradus::language
