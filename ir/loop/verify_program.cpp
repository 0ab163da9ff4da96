// What the verifier asks of a program as a whole: names, arguments, the stack that calls take.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "ir/loop/reach.h"
#include "ir/loop/verify_parts.h"
#include "ir/text/lexer.h"

namespace gradus::loop {

namespace {

// Calls `visit` for every statement, outer ones first; `lanes` tells whether a vectorized loop is around it.
template <class Visit>
void for_each_statement(const Block& block, const Visit& visit, bool lanes = false) {
  for (const Statement& statement : block) {
    visit(statement, lanes);
    if (const auto* loop = std::get_if<For>(&statement.value))
      for_each_statement(loop->body, visit, lanes || loop->kind == LoopKind::vectorized);
    if (const auto* branch = std::get_if<If>(&statement.value)) {
      for_each_statement(branch->then_block, visit, lanes);
      for_each_statement(branch->else_block, visit, lanes);
    }
  }
}

class ProgramVerifier {
 public:
  ProgramVerifier(const Program& program, std::vector<Diagnostic>& found)
      : program_(program), found_(found) {}

  void run() {
    check_functions();
    check_stack();
    check_arguments();
  }

 private:
  void report(std::string message, const TextSpan& span) {
    found_.push_back({Severity::error, std::move(message), span_of(program_, span), {}, {}});
  }

  void check_functions() {
    std::set<std::string> names;
    for (const Function& function : program_.functions) {
      if (!names.insert(function.name).second)
        report(fmt::format("two functions are named @{}", function.name), function.span);
      // Names are symbols of the object file; LLVM gives those that begin with its own a meaning.
      if (!text::is_word(function.name) || function.name.starts_with("llvm."))
        report(fmt::format("@{} is no name of a function", function.name), function.span);
    }
    check_threads();
  }

  // Threads that share a loop must not share it out again, nor work in one place.
  void check_threads() {
    for (const Function& function : program_.functions) {
      bool alone = function.workspace_bytes > 0;
      for_each_statement(function.body, [&](const Statement& statement, bool) {
        if (const auto* call = std::get_if<Call>(&statement.value)) alone |= alone_.count(call->function) > 0;
        const auto* loop = std::get_if<For>(&statement.value);
        if (loop == nullptr || loop->kind != LoopKind::parallel) return;
        alone = true;
        for_each_statement(loop->body, [&](const Statement& inner, bool) {
          if (const auto* call = std::get_if<Call>(&inner.value))
            if (alone_.count(call->function) > 0)
              report(fmt::format("a parallel loop of @{} calls @{}, which has one or works in a workspace",
                                 function.name, call->function),
                     inner.span);
        });
      });
      if (alone) alone_.insert(function.name);
    }
  }

  // Of the function and of whatever it calls.
  int64_t stack_of(const Function& function) const {
    constexpr int64_t frame = 1024;
    constexpr int64_t most_lanes = 64;  // of any target
    int64_t bytes = frame, deepest = 0;
    for_each_statement(function.body, [&](const Statement& statement, bool lanes) {
      if (const auto* declare = std::get_if<Declare>(&statement.value)) {
        if (declare->buffer < 0 || static_cast<size_t>(declare->buffer) >= function.buffers.size()) return;
        const Buffer& local = function.buffers[static_cast<size_t>(declare->buffer)];
        const int64_t count = checked_element_count(local.shape).value_or(0);
        bytes += std::min(count, most_stack) * size_in_bytes(local.element) * (lanes ? most_lanes : 1);
      }
      if (const auto* call = std::get_if<Call>(&statement.value))
        if (const auto it = stack_.find(call->function); it != stack_.end())
          deepest = std::max(deepest, it->second);
    });
    return bytes + deepest;
  }

  void check_stack() {
    const auto check = [&](const Function& function, const std::string& name) {
      const int64_t bytes = stack_of(function);
      if (bytes > most_stack)
        report(fmt::format("{} and what it calls need {} bytes of stack, at most {} are possible", name,
                           bytes, most_stack),
               function.span);
      stack_.emplace(function.name, std::min(bytes, most_stack));
    };
    for (const Function& function : program_.functions) check(function, "function @" + function.name);
    check(program_.main, "main");
  }

  void check_arguments() {
    const auto count = static_cast<int64_t>(program_.arguments.size());
    if (program_.main.buffer_parameters != count)
      return report(fmt::format("main takes {} buffers, but the program has {} arguments",
                                program_.main.buffer_parameters, count),
                    program_.main.span);
    std::set<std::string> names;  // of what is given
    for (size_t i = 0; i < program_.arguments.size() && i < program_.main.buffers.size(); ++i) {
      const Argument& argument = program_.arguments[i];
      const Buffer& buffer = program_.main.buffers[i];
      check_argument(argument);
      if (argument.kind != ArgumentKind::result && !names.insert(argument.name).second)
        report(fmt::format("two arguments are named %{}", argument.name), argument.span);
      if (buffer.element != argument.type.element ||
          checked_element_count(buffer.shape) != checked_element_count(argument.type.shape)) {
        report(
            fmt::format("argument %{} is {}, but main's buffer %{} is {}", argument.name,
                        to_string(argument.type), buffer.name, to_string(Type(buffer.element, buffer.shape))),
            buffer.span);
        continue;
      }
      const auto touched = is_addressable(buffer) ? reach(buffer) : std::nullopt;
      if (touched && (touched->low < 0 || touched->high >= element_count(argument.type.shape)))
        report(fmt::format("the strides of main's buffer %{} leave the argument {}", buffer.name,
                           to_string(argument.type)),
               buffer.span);
    }
  }

  void check_argument(const Argument& argument) {
    const auto expect = [&](const Type& type) {
      if (argument.type != type)
        report(fmt::format("argument %{} is {}, expected {}", argument.name, to_string(argument.type),
                           to_string(type)),
               argument.span);
    };
    if (argument.kind == ArgumentKind::seed || argument.kind == ArgumentKind::step)
      expect(Type(ElementType::i64));
    if (argument.kind == ArgumentKind::status) expect(Type(ElementType::i64, {2}));
    if (!argument.type.layout.is_default())
      report(fmt::format("argument %{} has a layout; arguments are dense and row-major", argument.name),
             argument.span);
  }

  const Program& program_;
  std::vector<Diagnostic>& found_;
  std::map<std::string, int64_t> stack_;
  std::set<std::string> alone_;  // what no parallel loop may call
};

}  // namespace

void verify_program(const Program& program, std::vector<Diagnostic>& found) {
  ProgramVerifier(program, found).run();
}

}  // namespace gradus::loop
