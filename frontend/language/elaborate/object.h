// What an expression of the language may mean while a graph is built.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "frontend/language/elaborate/builtins.h"
#include "frontend/language/elaborate/unit.h"
#include "ir/graph.h"

namespace gradus::language {

struct Object;
struct Frame;

struct Nothing {};  // `none`
struct Poison {};   // the value of a statement with an error: reading it is silent

// A value of the graph that `frame` builds. `known`: what a lesson's variable was written as.
struct Tensor {
  Value value;
  Frame* frame = nullptr;
  std::shared_ptr<const Object> known;
};

// How much an object holds, counted when it is made: its parts may be shared, and whoever walks over it meets
// them as often as they stand in it.
struct Extent {
  int64_t numbers = 0;  // of all levels together, no more than list_limit + 1
  int64_t levels = 1;
  void add(const Object& part);
};
// Lists are written by hand or made by loops of that many turns; longer ones are tensors.
constexpr int64_t list_limit = 1'000'000;
constexpr int64_t level_limit = 256;  // every walk is recursive

using Items = std::vector<Object>;
struct ListObject {
  std::shared_ptr<const Items> items;  // made by make_list, so never const themselves
  Extent extent = {};
  bool range = false;  // integers first, first + step, …: where a tensor is wanted, of i32
};

// Several results of one call.
struct ResultsObject {
  std::string of;
  std::vector<std::string> names;
  std::shared_ptr<const Items> values;
};

// A function, a layer (called: makes an instance), an optimizer, or one of these with some arguments given.
struct FunctionObject {
  const Builtin* builtin = nullptr;
  const Symbol* symbol = nullptr;  // a definition
  // Given by a call with `_` in it; a null entry is where the placeholder stood.
  struct Given {
    std::string name;
    std::shared_ptr<const Object> value;
  };
  std::shared_ptr<const std::vector<Given>> given;
  Extent extent = {};  // of what is given
  std::string name() const { return builtin ? builtin->name : symbol->definition()->name.text; }
};

// An optimizer with its arguments, or a pipe of these.
struct OptimizerStage {
  const Symbol* symbol = nullptr;
  std::map<std::string, Object> settings;
  std::string name;  // `as`
  SourceSpan span;
};
struct OptimizerObject {
  std::shared_ptr<const std::vector<OptimizerStage>> stages;
};

// A layer or model with its settings and its path, whose parameters exist once it has been called.
struct Instance {
  const Symbol* symbol = nullptr;
  std::string path;  // "" for the model of a train block
  std::map<std::string, Object> settings;
  const Instance* owner = nullptr;  // whose body made it
  SourceSpan span;
};

struct Storage {
  std::string path;
  Type type;
  bool trainable = false;
  bool optimizer = false;
  bool touched = false;  // updated
  const Instance* owner = nullptr;
  SourceSpan span;
  std::vector<Value> versions;  // of the outermost frame; the last is the newest
};

// `blocks` of `for … as blocks`, or anything else with paths below it.
struct PathObject {
  std::string path;
};

struct Object {
  using Kind =
      std::variant<Nothing, Poison, bool, int64_t, double, std::string, Tensor, ListObject, ResultsObject,
                   FunctionObject, OptimizerObject, std::shared_ptr<Instance>, Storage*, PathObject>;
  Kind kind;

  Object() = default;
  template <class T>
    requires(!std::is_same_v<std::decay_t<T>, Object>)
  Object(T&& value) : kind(std::forward<T>(value)) {}

  template <class T>
  const T* as() const {
    return std::get_if<T>(&kind);
  }
  template <class T>
  bool is() const {
    return std::holds_alternative<T>(kind);
  }
};

Object make_list(Items items, bool range = false);
// The list with one more item: at once if nothing else holds the list.
Object appended(ListObject list, Object item);

// bool, int64_t or double, also of a lesson's variable; or a list of these to any depth.
bool is_known(const Object& object);
bool is_known_scalar(const Object& object);
// The variable's known value, otherwise the object itself.
const Object& known_of(const Object& object);
// A value of the graph, or a list with one in it: known numbers in it are not enough for arithmetic.
bool contains_tensor(const Object& object);
double number_of(const Object& scalar);    // of bool, int64_t, double
int64_t integer_of(const Object& scalar);  // of bool, int64_t

}  // namespace gradus::language
