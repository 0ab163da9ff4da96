#include "frontend/language/names_read.h"

namespace gradus::language {

namespace {

class Reader {
 public:
  std::set<std::string, std::less<>> names;

  void operator()(const Block& block) {
    for (const Statement& statement : block.statements) std::visit(*this, statement.kind);
  }

  // --- Statements
  void operator()(const Assignment& each) { read(each.value); }
  void operator()(const Action& each) { read(each.arguments); }
  void operator()(const If& each) {
    read(each.condition);
    (*this)(each.then);
    if (each.otherwise) (*this)(*each.otherwise);
  }
  void operator()(const For& each) {
    read(each.sequence);
    (*this)(each.body);
  }
  void operator()(const Scan& each) {
    for (const Scan::Sequence& sequence : each.sequences) read(sequence.source);
    for (const Scan::Carry& carry : each.carries) read(carry.initial);
    read(each.along);
    read(each.step);
    (*this)(each.body);
  }
  void operator()(const Use& each) {
    read_indices(each.path);
    read(each.value);
  }
  void operator()(const Update& each) {
    read(each.path);
    read(each.value);
  }
  void operator()(const Collect& each) { read(each.value); }
  void operator()(const Input& each) { read(each.value); }
  void operator()(const Metric& each) {
    if (each.value)
      read(each.value);
    else
      names.insert(each.name.text);
  }
  void operator()(const Data& each) { read(each.source); }
  void operator()(const Load& each) {
    if (const auto* source = std::get_if<Path>(&each.source)) read(*source);
    read(each.target);
  }
  void operator()(const Minimize& each) {
    read(each.loss);
    for (const Path& path : each.over) read(path);
    read(each.optimizer);
  }
  void operator()(const EvaluateAt& each) { read(each.point); }
  void operator()(const Penalty& each) { read(each.value); }
  void operator()(const When& each) {
    read(each.condition);
    (*this)(each.body);
  }
  void operator()(const Every& each) {
    read(each.steps);
    (*this)(each.body);
  }
  void operator()(const Finally& each) { (*this)(each.body); }
  void operator()(const Expect& each) {
    read(each.condition);
    read(each.about);
    read(each.within);
  }
  void operator()(const Print& each) {
    for (const ExpressionPointer& value : each.values) read(value);
  }

  // --- Expressions
  void operator()(const Number&) {}
  void operator()(const String&) {}
  void operator()(const Name& each) { names.insert(each.text); }
  void operator()(const Boolean&) {}
  void operator()(const None&) {}
  void operator()(const Placeholder&) {}
  void operator()(const Ellipsis&) {}
  void operator()(const List& each) {
    for (const ExpressionPointer& element : each.elements) read(element);
  }
  void operator()(const Parentheses& each) { read(each.inner); }
  void operator()(const Interval& each) { read(each.range); }
  void operator()(const Unary& each) { read(each.operand); }
  void operator()(const Binary& each) {
    read(each.left);
    read(each.right);
  }
  void operator()(const Pipe& each) {
    read(each.value);
    read(each.target);
  }
  void operator()(const Conditional& each) {
    read(each.condition);
    read(each.then);
    read(each.otherwise);
  }
  void operator()(const Call& each) {
    read(each.callee);
    read(each.arguments);
  }
  void operator()(const Index& each) {
    read(each.base);
    for (const Range& index : each.indices) read(index);
  }
  void operator()(const Member& each) { read(each.base); }
  void operator()(const Everything& each) { read(each.base); }
  void operator()(const Named& each) {
    read(each.value);
    read_indices(each.path);
  }

 private:
  void read(const ExpressionPointer& expression) {
    if (expression) std::visit(*this, expression->kind);
  }
  void read(const Range& range) {
    read(range.first);
    read(range.last);
    read(range.step);
  }
  void read(const Arguments& arguments) {
    for (const Argument& argument : arguments) read(argument.value);
  }
  void read(const Path& path) {
    names.insert(path.root.text);
    read_indices(path);
  }
  void read_indices(const Path& path) {
    for (const Path::Step& step : path.steps)
      if (const auto* subscript = std::get_if<Path::Subscript>(&step)) read(subscript->index);
  }
};

}  // namespace

std::set<std::string, std::less<>> names_read(const Block& block) {
  Reader reader;
  reader(block);
  return std::move(reader.names);
}

}  // namespace gradus::language
