// Layers: instances, paths, parameters and state.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/range.h"
#include "frontend/language/print.h"

namespace gradus::language {

std::string join_path(const std::string& path, const std::string& local) {
  return path.empty() ? local : path + "." + local;
}

// `as blocks[0].first`
std::string Elaborator::local_name(const Path& path) {
  std::string local = path.root.text;
  for (const Path::Step& step : path.steps) {
    const auto* member = std::get_if<Path::Member>(&step);
    const auto* subscript = std::get_if<Path::Subscript>(&step);
    if (!member && (!subscript || subscript->index.is_range))
      error(path.span, "a name is made of names and numbers", "for example blocks[0].first");
    if (member) {
      local += "." + member->name.text;
      continue;
    }
    const int64_t number = known_integer(*subscript->index.first, "the number of a scope");
    if (number < 0) error(path.span, fmt::format("the number of a scope cannot be {}", number));
    local += fmt::format("[{}]", number);
  }
  return local;
}

// `first` means what `as` names; of a path, what begins with it.
void Elaborator::bind_path(const Path& path, Object value) {
  if (path.steps.empty()) return bind(path.root, std::move(value));
  bind(path.root, PathObject{join_path(path_->path, path.root.text)});
}

// A local name may be used once in each activation of its scope; the next call of a shared instance starts
// anew.
std::string Elaborator::claim(const std::string& local, const SourceSpan& span) {
  if (!path_->claimed.insert(local).second)
    error(span, fmt::format("duplicate path `{}`", join_path(path_->path, local)),
          "give one of them another name with `as`");
  return join_path(path_->path, local);
}

Object Elaborator::call_layer(const Symbol& symbol, ArgumentValues arguments, const SourceSpan& span,
                              const Path* name) {
  const Definition& definition = *symbol.definition();
  const std::map<std::string, Object> given = bind_arguments(symbol, arguments, Binding::all, span);
  std::map<std::string, Object> settings;
  std::map<std::string, Object> inputs;
  for (const Parameter& parameter : definition.parameters)
    if (const auto at = given.find(parameter.name.text); at != given.end())
      (parameter.is_input() ? inputs : settings).insert(*at);
  std::string local;
  if (name) {
    local = local_name(*name);
  } else {
    local = fmt::format("{}_{}", definition.name.text, ++path_->counters[definition.name.text]);
  }
  const std::shared_ptr<Instance> instance =
      make_instance(symbol, std::move(settings), local, name ? name->span : span);
  if (name) bind_path(*name, instance);
  return run_instance(instance, std::move(inputs), span);
}

std::shared_ptr<Instance> Elaborator::make_instance(const Symbol& symbol,
                                                    std::map<std::string, Object> settings,
                                                    const std::string& local, const SourceSpan& span) {
  ++effects_;
  const std::string path = claim(local, span);
  if (storage_by_path_.contains(path)) error(span, fmt::format("duplicate path `{}`", path));
  if (const auto at = instances_.find(path); at != instances_.end()) {
    // Another activation of the same scope: the instance made by the first one is shared.
    if (at->second->symbol != &symbol)
      error(span, fmt::format("`{}` is {} already", path, describe(Object(at->second))));
    if (at->second->owner != path_->owner)
      error(span, fmt::format("duplicate path `{}`", path), "give one of them another name with `as`",
            {{"the other one", at->second->span}});
    return at->second;
  }
  auto instance = std::make_shared<Instance>();
  instance->symbol = &symbol;
  instance->path = path;
  instance->settings = std::move(settings);
  instance->owner = path_->owner;
  instance->span = user_span(span);
  instances_.emplace(path, instance);
  return instance;
}

Object Elaborator::call_instance(const std::shared_ptr<Instance>& instance, ArgumentValues arguments,
                                 const SourceSpan& span) {
  return run_instance(instance, bind_arguments(*instance->symbol, arguments, Binding::inputs, span), span);
}

Object Elaborator::run_instance(const std::shared_ptr<Instance>& instance,
                                std::map<std::string, Object> given, const SourceSpan& span) {
  ++effects_;
  for (const auto& [name, value] : instance->settings) given.emplace(name, value);
  PathScope scope;
  scope.path = instance->path;
  scope.owner = instance.get();
  struct Enter {
    PathScope*& at;
    PathScope* outer;
    Enter(PathScope*& current, PathScope* inner) : at(current), outer(current) { current = inner; }
    ~Enter() { at = outer; }
  } enter(path_, &scope);
  // Instances are listed once, before what they use.
  const bool listed = std::any_of(layers.begin(), layers.end(), [&](const LayerRow& row) {
    return !row.function && row.path == instance->path;
  });
  const size_t row = layers.size();
  if (listed) {  // called again: its functions are listed already
    Object again = run_definition(*instance->symbol, given, span);
    layers.erase(std::remove_if(layers.begin() + static_cast<std::ptrdiff_t>(row), layers.end(),
                                [](const LayerRow& each) { return each.function; }),
                 layers.end());
    return again;
  }
  layers.push_back({instance->path, instance->symbol->definition()->name.text, false, {}});
  Object result = run_definition(*instance->symbol, given, span);
  layers[row].outputs = output_types(result);
  return result;
}

// --- Parameters and state

Object Elaborator::make_storage(const std::string& local, bool trainable, const ArgumentValues& arguments,
                                const SourceSpan& span) {
  ++effects_;
  const char* kind = trainable ? "parameter" : "state";
  for (const ArgumentValue& argument : arguments)
    if (!argument.name.empty() && argument.name != "shape" && argument.name != "initializer")
      error(argument.span, fmt::format("{} has no argument `{}`", kind, argument.name),
            fmt::format("it is {}(shape, initializer)", kind));
  if (arguments.size() != 2)
    error(span, fmt::format("{} needs a shape and an initializer", kind),
          fmt::format("for example {}([3, 4], {})", kind, trainable ? "glorot_uniform" : "zeros"));
  const bool swapped = arguments[0].name == "initializer";
  const Shape shape = to_shape(arguments[swapped ? 1 : 0].value, arguments[swapped ? 1 : 0].span);
  const Object& initializer = arguments[swapped ? 0 : 1].value;
  const std::string path = claim(local, span);
  const Type type(options_.precision, shape);
  if (const auto at = storage_by_path_.find(path); at != storage_by_path_.end()) {
    Storage& storage = *at->second;
    if (storage.owner != path_->owner) error(span, fmt::format("duplicate path `{}`", path));
    if (storage.type.shape != shape)
      error(span,
            fmt::format("`{}` is {} already, here it would be {}", path, to_string(storage.type),
                        to_string(type)),
            "a shared instance has one set of parameters");
    return Object(&storage);
  }
  if (instances_.contains(path)) error(span, fmt::format("duplicate path `{}`", path));
  return Object(&add_storage(path, type, trainable, initializer, span));
}

Storage& Elaborator::add_storage(const std::string& path, const Type& type, bool trainable,
                                 const Object& initializer, const SourceSpan& span) {
  auto storage = std::make_unique<Storage>();
  storage->path = path;
  storage->type = type;
  storage->trainable = trainable;
  storage->optimizer = activation_->line != nullptr;
  storage->owner = path_->owner;
  storage->span = user_span(span);
  if (options_.mode != Mode::program)
    for (const gradus::Input& input : root_->builder.graph().inputs())
      if (input.name == path)
        error(span,
              fmt::format("`{}` is {} already, and a {} cannot have its name", path,
                          input.kind == InputKind::data ? "a column of the data" : "an input of the step",
                          trainable ? "parameter" : "state"),
              "give one of them another name: … as weight");
  const Value initial = initial_value(path, type, initializer, span);
  Frame* inner = frame_;
  frame_ = root_.get();
  put_origin(span);
  if (options_.mode == Mode::program) {
    // In a lesson everything is one graph: a parameter is its initial value, then what updates make of it.
    storage->versions.push_back(root_->builder.add(OpId::mark, {initial}, {{"id", mark_ids_++}}));
  } else {
    input_index_[path] = static_cast<uint32_t>(root_->builder.graph().inputs().size());
    storage->versions.push_back(
        root_->builder.input(path, trainable ? InputKind::parameter : InputKind::state, type));
    initial_values_[path] = initial;
  }
  frame_ = inner;
  version_of_[storage->versions.back()] = storage.get();
  storages_.push_back(std::move(storage));
  Storage& result = *storages_.back();
  storage_by_path_[path] = &result;
  return result;
}

// In the graph of initial values; of a lesson, in its one graph.
Value Elaborator::initial_value(const std::string& path, const Type& type, const Object& initializer,
                                const SourceSpan& span) {
  struct Enter {
    Elaborator& self;
    Frame* frame;
    std::string initializing;
    ~Enter() {
      self.frame_ = frame;
      self.initializing_ = initializing;
    }
  } enter{*this, frame_, initializing_};
  frame_ = options_.mode == Mode::program ? root_.get() : initial_.get();
  initializing_ = path;
  put_origin(span);
  Object value = initializer;
  if (initializer.is<FunctionObject>()) {
    Items sizes;
    for (int64_t size : type.shape) sizes.push_back(Object(size));
    value = call_object(initializer, {ArgumentValue{"", make_list(std::move(sizes)), span}}, span, nullptr);
  } else if (!is_known(initializer)) {
    error(span,
          fmt::format("the initializer of `{}` must be a function of the shape or a number, found {}", path,
                      describe(initializer)),
          "for example zeros, or normal(_, 0.02)");
  }
  Value result = to_value(value, type.element, span);
  put_origin(span);
  const Shape found = frame_->builder.shape(result);
  if (found.empty() || !initializer.is<FunctionObject>())
    result = build::broadcast_to(frame_->builder, result, type.shape);
  if (frame_->builder.shape(result) != type.shape)
    error(span, fmt::format("the initializer of `{}` gives {} instead of {}", path, to_string(found),
                            to_string(type.shape)));
  return result;
}

void Elaborator::set_version(Storage& storage, Value value) {
  if (options_.mode == Mode::program) value = root_->builder.add(OpId::mark, {value}, {{"id", mark_ids_++}});
  storage.versions.push_back(value);
  storage.touched = true;
  ++updates_;
  version_of_[value] = &storage;
}

// The path of the block's model is empty: what it owns lies below it, other models and optimizers do not.
std::vector<Storage*> Elaborator::storages_below(const std::string& path) {
  const auto in_model = [this](const Storage& storage) {
    const Instance* owner = storage.owner;
    while (owner && owner != model_.get()) owner = owner->owner;
    return owner != nullptr;
  };
  std::vector<Storage*> found;
  for (const auto& storage : storages_) {
    const std::string& each = storage->path;
    if (path.empty() ? in_model(*storage)
                     : each == path ||
                           (each.starts_with(path) && (each[path.size()] == '.' || each[path.size()] == '[')))
      found.push_back(storage.get());
  }
  return found;
}

// How many scopes path[0], path[1], … there are.
int64_t Elaborator::scope_count(const std::string& path) const {
  int64_t count = 0;
  const auto exists = [&](const std::string& scope) {
    const auto begins = [&](const auto& table) {
      const auto at = table.lower_bound(scope);
      return at != table.end() && at->first.starts_with(scope);
    };
    return begins(storage_by_path_) || begins(instances_);
  };
  while (exists(fmt::format("{}[{}]", path, count))) ++count;
  return count;
}

int64_t Elaborator::scope_number(const std::string& path, const Expression& written) {
  const int64_t number = known_integer(written, "the number of a scope");
  return number < 0 ? number + scope_count(path) : number;
}

std::string Elaborator::resolve_path(const Path& path) {
  const std::vector<std::string> all = resolve_paths(path);
  if (all.size() != 1) error(path.span, fmt::format("this path names {} scopes, one is wanted", all.size()));
  return all[0];
}

// Several for a range: backbone.stages[2..4].
std::vector<std::string> Elaborator::resolve_paths(const Path& path) {
  std::vector<std::string> resolved;
  const std::optional<Object> root = lookup(path.root.text, false, path.root.span);
  if (root && root->is<Poison>()) throw Abandon{};
  if (root && root->is<Storage*>()) {
    resolved = {(*root->as<Storage*>())->path};
  } else if (root && root->is<std::shared_ptr<Instance>>()) {
    resolved = {(*root->as<std::shared_ptr<Instance>>())->path};
  } else if (root && root->is<PathObject>()) {
    resolved = {root->as<PathObject>()->path};
  } else {
    resolved = {join_path(path_->path, path.root.text)};
    if (storages_below(resolved[0]).empty()) unknown_path(path, root);
  }
  for (const Path::Step& step : path.steps) {
    std::vector<std::string> next;
    for (const std::string& each : resolved) {
      const auto* subscript = std::get_if<Path::Subscript>(&step);
      if (const auto* member = std::get_if<Path::Member>(&step))
        next.push_back(join_path(each, member->name.text));
      else if (!subscript)
        next.push_back(each);
      else if (!subscript->index.is_range)
        next.push_back(fmt::format("{}[{}]", each, scope_number(each, *subscript->index.first)));
      else {
        const Range& range = subscript->index;
        const int64_t first = range.first ? scope_number(each, *range.first) : 0;
        const int64_t last =
            std::min(range.last ? scope_number(each, *range.last) : scope_count(each), scope_count(each));
        const int64_t by = range.step ? known_integer(*range.step, "a step") : 1;
        if (by < 1) error(range.span, "the step of a slice must be at least 1");
        const int64_t start = std::max<int64_t>(first, 0);
        for (uint64_t i = 0; i < range_length(start, last, by); ++i)
          next.push_back(fmt::format("{}[{}]", each, range_element(start, by, i)));
        if (next.empty())
          error(range.span, fmt::format("there are no such scopes: `{}` has {}", each, scope_count(each)));
      }
    }
    resolved = std::move(next);
  }
  for (const std::string& each : resolved)
    if (storages_below(each).empty() && !instances_.contains(each)) {
      if (each.empty())
        error(path.span, fmt::format("`{}` has no parameters yet", path.root.text),
              "they exist once one of its results has been read");
      std::string all;
      for (const auto& storage : storages_)
        if (!storage->optimizer && all.size() < 100) all += (all.empty() ? "" : ", ") + storage->path;
      error(path.span, fmt::format("nothing is called `{}`", each), all.empty() ? "" : "there are " + all);
    }
  return resolved;
}

void Elaborator::unknown_path(const Path& path, const std::optional<Object>& root) {
  if (root)
    error(path.span,
          fmt::format("`{}` is {}, not a parameter or an instance", path.root.text, describe(*root)));
  std::vector<std::string> names;
  for (const auto& storage : storages_)
    names.push_back(storage->path.substr(0, storage->path.find_first_of(".[")));
  const std::string near = closest(path.root.text, names);
  error(path.span, fmt::format("no parameters below `{}`", path.root.text),
        near.empty() ? "" : fmt::format("did you mean `{}`?", near));
}

}  // namespace gradus::language
