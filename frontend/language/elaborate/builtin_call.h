// One call of a built-in function: its arguments by name, converted on demand.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "frontend/language/elaborate/elaborator.h"

namespace gradus::language {

class BuiltinCall {
 public:
  BuiltinCall(Elaborator& elaborator, const Builtin& builtin, ArgumentValues arguments, SourceSpan span,
              const Path* path);
  Object run();

  Elaborator& self;
  const Builtin& builtin;
  SourceSpan span;
  const Path* path;          // `as`
  ArgumentValues arguments;  // as given

  OpId op() const { return find_op(builtin.name)->id; }  // of the builtins that are an op of the same name
  bool has(const std::string& name) const { return bound_.contains(name); }  // given, and not `none`
  const Object& object(const std::string& name) const;
  SourceSpan place(const std::string& name) const;
  const Expression* expression(const std::string& name) const;
  Value value(const std::string& name) const;
  Value float_value(const std::string& name) const;  // integers and booleans become floats
  int64_t integer(const std::string& name) const;
  int64_t integer_or(const std::string& name, int64_t otherwise) const;
  double number_or(const std::string& name, double otherwise) const;
  bool flag(const std::string& name) const;  // false if left out
  Shape shape(const std::string& name) const;
  int64_t axis(const std::string& name, const Shape& of,
               int64_t otherwise) const;                                      // from the end if negative
  std::vector<int64_t> axes(const std::string& name, const Shape& of) const;  // ascending; all if left out
  // A number or a list of `count` numbers.
  std::vector<int64_t> integers(const std::string& name, size_t count, int64_t otherwise) const;
  [[noreturn]] void error(std::string message, std::string hint = {}) const;
  [[noreturn]] void error_at(const SourceSpan& at, std::string message, std::string hint = {}) const;

  GraphBuilder& builder() const;
  Frame& frame() const;
  Object result(Value value) const;
  Elaborator::Options& options() const;

  // Wrappers around what the elaborator keeps to itself.
  Value to_value(const Object& object, ElementType element) const;
  ElementType common_element(const std::vector<const Object*>& objects, bool floats = false) const;
  std::vector<Value> same_shape(const std::vector<const Object*>& objects, bool floats = false) const;
  Value checked_op(OpId op, std::vector<Value> operands, Attributes attributes, int64_t limit,
                   const std::string& description) const;
  Value stack(const Items& items, int64_t axis) const;
  Value draw(OpId op, const Shape& of_shape) const;
  Value promote(Value value, ElementType element) const;
  Object gradient();
  Object storage(bool trainable);
  bool known(const Object& object) const { return is_known(object) && !contains_tensor(object); }
  Object read_storage(const Object& object) const;
  Value total(Value x) const;
  ElementType precision() const;
  void origin() const;
  Shape shape_of(const Object& object) const;
  Shape self_shape(Items sizes) const;  // checked sizes
  Object minus(const Object& x, const Object& y) const;

 private:
  void bind();
  struct Bound {
    Object value;
    SourceSpan span;
    const Expression* expression;
  };
  std::map<std::string, Bound> bound_;
};

using BuiltinFunction = Object (*)(BuiltinCall& call);
struct BuiltinRecord {
  Builtin builtin;
  BuiltinFunction run;
};
// One list per file.
std::vector<BuiltinRecord> elementwise_builtins();
std::vector<BuiltinRecord> reduction_builtins();
std::vector<BuiltinRecord> shape_builtins();
std::vector<BuiltinRecord> value_builtins();
std::vector<BuiltinRecord> contraction_builtins();
std::vector<BuiltinRecord> einsum_builtins();
std::vector<BuiltinRecord> indexed_builtins();
std::vector<BuiltinRecord> other_builtins();

std::string print_shape(const TypePattern& pattern);

}  // namespace gradus::language
