#include "ir/loop/verify.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "ir/loop/reach.h"
#include "ir/loop/text.h"
#include "ir/loop/verify_parts.h"
#include "ir/placement.h"

namespace gradus::loop {

namespace {

bool is_constant(const Expression& e) { return e && e->op == ScalarOp::constant; }

bool is_comparison(ScalarOp op) { return op >= ScalarOp::equal && op <= ScalarOp::greater_equal; }

class FunctionVerifier {
 public:
  FunctionVerifier(const Program& program, const Function& function, bool is_main,
                   std::vector<Diagnostic>& found)
      : program_(program), function_(function), is_main_(is_main), found_(found) {}

  void run() {
    check_declarations();
    check(function_.body);
    span_ = function_.span;
    statement_.clear();
    if (copies_made_ > most_copies)
      report(
          fmt::format("unrolling makes {} statements, at most {} are possible", copies_made_, most_copies));
  }

 private:
  // A parallel or vectorized loop that we are in: the variables that depend on its own, and the locals of its
  // body.
  struct Frame {
    std::set<int64_t> dependent;
    std::set<int64_t> own_buffers;
    LoopKind kind = LoopKind::serial;
  };

  // The kinds of loops that we are in, even those of one iteration, which have no frame.
  struct Surroundings {
    bool parallel = false;
    bool vectorized = false;
    bool operator==(const Surroundings&) const = default;
  };

  void report(std::string message) {
    std::string where = is_main_ ? "main" : "function @" + function_.name;
    if (!statement_.empty()) where += ", at '" + statement_ + "'";
    const TextSpan& span = span_.line != 0 ? span_ : function_.span;
    found_.push_back(
        {Severity::error, fmt::format("{}: {}", where, message), span_of(program_, span), {}, {}});
  }

  bool is_buffer(int64_t id) const { return id >= 0 && static_cast<size_t>(id) < function_.buffers.size(); }
  bool is_variable(int64_t id) const {
    return id >= 0 && static_cast<size_t>(id) < function_.variables.size();
  }
  const Buffer& buffer(int64_t id) const { return function_.buffers[static_cast<size_t>(id)]; }

  void check_declarations() {
    const auto buffers = static_cast<int64_t>(function_.buffers.size());
    const auto variables = static_cast<int64_t>(function_.variables.size());
    if (function_.buffer_parameters < 0 || function_.buffer_parameters > buffers ||
        function_.scalar_parameters < 0 || function_.scalar_parameters > variables)
      return report("more parameters than buffers or variables");
    for (int64_t i = 0; i < buffers; ++i) {
      const Buffer& b = buffer(i);
      const bool parameter = i < function_.buffer_parameters;
      span_ = b.span;
      if (parameter ==
          (b.role == BufferRole::local || b.role == BufferRole::workspace || b.role == BufferRole::constant))
        report(fmt::format("buffer %{} has the role of {} parameter", b.name, parameter ? "no" : "a"));
      if (b.strides.size() != b.shape.size())
        report(fmt::format("buffer %{} has not one stride per axis", b.name));
      else if (!is_addressable(b))
        report(fmt::format("the elements of buffer %{} lie too far apart", b.name));
      if (b.role == BufferRole::workspace) check_workspace(b);
      if (b.role == BufferRole::constant) check_constant(b);
      if (b.role != BufferRole::local) buffers_in_scope_.insert(i);
      if (!parameter && b.strides != row_major_strides(b.shape))
        report(fmt::format("buffer %{} is no parameter and not row-major", b.name));
    }
    for (int64_t v = 0; v < function_.scalar_parameters; ++v)
      variables_in_scope_.emplace(v, ElementType::i64);
  }

  void check_workspace(const Buffer& b) {
    const auto count = checked_element_count(b.shape);
    const int64_t element = size_in_bytes(b.element);
    if (b.offset % element != 0)
      report(fmt::format("workspace buffer %{} at {}: no multiple of its elements' {} bytes", b.name,
                         b.offset, element));
    else if (!count || !is_in_workspace(b.offset, *count * element))
      report(fmt::format("workspace buffer %{} at {} is not within the {} bytes of the workspace", b.name,
                         b.offset, function_.workspace_bytes));
  }

  bool is_in_workspace(int64_t offset, int64_t bytes) const {
    return offset >= 0 && offset <= function_.workspace_bytes && bytes <= function_.workspace_bytes - offset;
  }

  void check_constant(const Buffer& b) {
    const auto count = checked_element_count(b.shape);
    const auto* numbers = b.values ? std::get_if<std::vector<double>>(b.values.get()) : nullptr;
    const auto* integers = b.values ? std::get_if<std::vector<int64_t>>(b.values.get()) : nullptr;
    const size_t found = numbers ? numbers->size() : integers ? integers->size() : 0;
    if (is_float(b.element) ? !numbers : !integers)
      return report(
          fmt::format("constant buffer %{} of {} has no values of its type", b.name, name(b.element)));
    if (!count || static_cast<size_t>(*count) != found)
      report(fmt::format("constant buffer %{}: {} values for {}", b.name, found, to_string(b.shape)));
  }

  static bool is_only_read(BufferRole role) {
    return role == BufferRole::read || role == BufferRole::constant;
  }

  void check(const Block& block) {
    const auto variables = variables_in_scope_;
    const auto buffers = buffers_in_scope_;
    for (const Statement& statement : block) {
      judged_.clear();
      span_ = statement.span;
      copies_made_ = std::min(copies_made_ + copies_, most_copies + 1);
      std::visit([&](const auto& s) { check_one(s); }, statement.value);
    }
    variables_in_scope_ = variables;
    buffers_in_scope_ = buffers;
  }

  void bind(int64_t variable, ElementType type) {
    if (!is_variable(variable)) return report(fmt::format("there is no variable {}", variable));
    if (!variables_in_scope_.emplace(variable, type).second) report("binds a variable that is bound already");
  }

  static std::string show_indices(size_t count) {
    return fmt::format("{} ind{}", count, count == 1 ? "ex" : "ices");
  }

  void check_one(const For& loop) {
    statement_ =
        fmt::format("for {} in {}..{}", variable_name(loop.variable), print(loop.lower), print(loop.upper));
    expect_type(loop.lower, ElementType::i64, "the lower bound");
    expect_type(loop.upper, ElementType::i64, "the upper bound");
    const bool constant_bounds = is_constant(loop.lower) && is_constant(loop.upper);
    if (loop.step < 1) report(fmt::format("the step {} is not positive", loop.step));
    if (loop.grain < 1) report(fmt::format("the grain {} is not positive", loop.grain));
    const auto too_large = [](const Expression& e) {
      return is_constant(e) && (e->integer > most_bound || e->integer < -most_bound);
    };
    if (too_large(loop.lower) || too_large(loop.upper) || loop.step > most_bound || loop.grain > most_bound)
      return report("bounds, step and grain lie within 2^48");
    if (loop.kind == LoopKind::vectorized && (!constant_bounds || loop.step != 1))
      report("a vectorized loop has constant bounds and step 1");
    if (loop.kind == LoopKind::unrolled && !constant_bounds) report("an unrolled loop has constant bounds");
    if (in_lanes(loop.lower) || in_lanes(loop.upper)) report("the bounds differ between lanes");
    if (loop.kind == LoopKind::parallel) check_parallel();

    const auto variables = variables_in_scope_;
    bind(loop.variable, ElementType::i64);
    const bool once = constant_bounds && loop.upper->integer - loop.lower->integer <= loop.step;
    const bool independent = !once && (loop.kind == LoopKind::parallel || loop.kind == LoopKind::vectorized);
    for (Frame& frame : frames_)
      if (depends(frame, loop.lower) || depends(frame, loop.upper)) frame.dependent.insert(loop.variable);
    if (loop.kind == LoopKind::vectorized && in_lanes()) report("a vectorized loop inside another one");
    if (independent) frames_.push_back({{loop.variable}, {}, loop.kind});
    const Surroundings around = surroundings_;
    if (loop.kind == LoopKind::parallel) surroundings_.parallel = true;
    if (loop.kind == LoopKind::vectorized) surroundings_.vectorized = true;
    ++loops_;
    const int64_t outside = copies_;
    if (loop.kind == LoopKind::unrolled && constant_bounds && loop.step >= 1)
      copies_ = std::min(most_copies + 1, copies_ * std::min(trips(loop), most_copies + 1));
    check(loop.body);
    copies_ = outside;
    --loops_;
    surroundings_ = around;
    if (independent) frames_.pop_back();
    variables_in_scope_ = variables;
  }

  static int64_t trips(const For& loop) {
    const int64_t span = loop.upper->integer - loop.lower->integer;
    return span <= 0 ? 0 : (span - 1) / loop.step + 1;
  }

  // In a vectorized loop, and different in its lanes.
  bool in_lanes() const {
    return std::any_of(frames_.begin(), frames_.end(),
                       [](const Frame& frame) { return frame.kind == LoopKind::vectorized; });
  }
  bool in_lanes(const Expression& e) const {
    return std::any_of(frames_.begin(), frames_.end(), [&](const Frame& frame) {
      return frame.kind == LoopKind::vectorized && depends(frame, e);
    });
  }

  void check_parallel() {
    if (loops_ > 0) report("a parallel loop inside another loop");
    if (is_main_) report("a parallel loop in main, not in a function that main calls");
  }

  void check_one(const Let& let) {
    statement_ = fmt::format("let {} = …", variable_name(let.variable));
    if (!let.value) return report("a let without a value");
    check_expression(let.value);
    for (Frame& frame : frames_)
      if (depends(frame, let.value)) frame.dependent.insert(let.variable);
    bind(let.variable, let.value->type);
  }

  void check_one(const Store& store) {
    statement_ = "store to " + buffer_name(store.buffer);
    if (!check_element(store.buffer, store.indices)) return;
    const Buffer& target = buffer(store.buffer);
    if (is_only_read(target.role)) report("a buffer that is only read");
    expect_type(store.value, target.element, "the value");
    for (const Frame& frame : frames_)
      if (!frame.own_buffers.count(store.buffer) &&
          std::none_of(store.indices.begin(), store.indices.end(),
                       [&](const Expression& index) { return depends(frame, index); }))
        report(fmt::format("all iterations of the {} loop store to the same element",
                           frame.kind == LoopKind::parallel ? "parallel" : "vectorized"));
  }

  void check_one(const Declare& declare) {
    statement_ = "local " + buffer_name(declare.buffer);
    if (!is_buffer(declare.buffer)) return report("there is no such buffer");
    if (buffer(declare.buffer).role != BufferRole::local) return report("not a local buffer");
    if (declare.initial) expect_type(declare.initial, buffer(declare.buffer).element, "the initial value");
    // One array has one home, and what that can be depends on the loops around.
    if (declared_in_.emplace(declare.buffer, surroundings_).first->second != surroundings_)
      report("declared outside and again inside of a parallel or vectorized loop");
    buffers_in_scope_.insert(declare.buffer);
    for (Frame& frame : frames_) frame.own_buffers.insert(declare.buffer);
  }

  void check_one(const If& branch) {
    statement_ = "if …";
    expect_type(branch.condition, ElementType::boolean, "the condition");
    check(branch.then_block);
    check(branch.else_block);
  }

  void check_one(const Call& call) {
    statement_ = "call @" + call.function;
    if (in_lanes()) report("a call inside a vectorized loop");
    const auto end = program_.functions.end();
    const auto callee = std::find_if(program_.functions.begin(), end,
                                     [&](const Function& f) { return f.name == call.function; });
    if (callee == end) return report("there is no such function");
    if (!is_main_ && &*callee >= &function_) return report("a callee comes before its callers");
    if (call.buffers.size() != static_cast<size_t>(callee->buffer_parameters))
      return report(
          fmt::format("passes {} buffers, but it takes {}", call.buffers.size(), callee->buffer_parameters));
    if (call.scalars.size() != static_cast<size_t>(callee->scalar_parameters))
      return report(
          fmt::format("passes {} scalars, but it takes {}", call.scalars.size(), callee->scalar_parameters));
    check_given_workspace(call, *callee);
    for (const Expression& scalar : call.scalars) expect_type(scalar, ElementType::i64, "a scalar argument");
    for (size_t i = 0; i < call.buffers.size(); ++i) {
      const View& view = call.buffers[i];
      if (!check_element(view.buffer, view.indices)) continue;
      const Buffer& parameter = callee->buffers[i];
      if (buffer(view.buffer).element != parameter.element)
        report(fmt::format("passes {} of {} as %{} of {}", buffer_name(view.buffer),
                           name(buffer(view.buffer).element), parameter.name, name(parameter.element)));
      check_view(view, parameter);
      if (is_only_read(buffer(view.buffer).role) && parameter.role != BufferRole::read)
        report(
            fmt::format("passes {}, which is only read, as %{}", buffer_name(view.buffer), parameter.name));
    }
  }

  void check_given_workspace(const Call& call, const Function& callee) {
    if ((callee.workspace_bytes > 0) != call.workspace.has_value())
      return report(callee.workspace_bytes > 0
                        ? fmt::format("passes no workspace, but it works in {} bytes", callee.workspace_bytes)
                        : "passes a workspace, but it takes none");
    if (!call.workspace) return;
    if (*call.workspace % Placement::alignment != 0)
      report(fmt::format("passes the workspace from byte {} on, no multiple of {}", *call.workspace,
                         Placement::alignment));
    if (!is_in_workspace(*call.workspace, callee.workspace_bytes))
      report(fmt::format("passes {} bytes of workspace from {} on, beyond the {} that there are",
                         callee.workspace_bytes, *call.workspace, function_.workspace_bytes));
  }

  // What the callee reaches from a known place on lies within the buffer; other places are seen at run time.
  void check_view(const View& view, const Buffer& parameter) {
    const Buffer& viewed = buffer(view.buffer);
    if (!is_addressable(viewed) || !is_addressable(parameter)) return;
    const std::optional<Reach> needed = reach(parameter), given = reach(viewed);
    if (!needed || !std::all_of(view.indices.begin(), view.indices.end(), is_constant)) return;
    int64_t start = 0;
    for (size_t axis = 0; axis < view.indices.size(); ++axis) {
      const int64_t index = view.indices[axis]->integer;
      if (index > 0 && index < viewed.shape[axis]) start += index * viewed.strides[axis];
    }
    if (!given || start + needed->low < given->low || start + needed->high > given->high)
      report(fmt::format("%{} {} reaches beyond {}{}", parameter.name,
                         to_string(Type(parameter.element, parameter.shape)), buffer_name(view.buffer),
                         to_string(viewed.shape)));
  }

  void check_one(const Prefetch& prefetch) {
    statement_ = "prefetch " + buffer_name(prefetch.element.buffer);
    check_element(prefetch.element.buffer, prefetch.element.indices, false);
  }

  void check_one(const Return&) {
    statement_ = "return";
    if (!is_main_) report("a return outside main");
  }

  bool check_element(int64_t id, const std::vector<Expression>& indices, bool in_range = true) {
    if (!is_buffer(id) || !buffers_in_scope_.count(id)) {
      report(fmt::format("{} is not in scope", buffer_name(id)));
      return false;
    }
    const Buffer& b = buffer(id);
    if (indices.size() != b.shape.size()) {
      report(fmt::format("{} has {} axes, but is used with {}", buffer_name(id), b.shape.size(),
                         show_indices(indices.size())));
      return false;
    }
    for (size_t axis = 0; axis < indices.size(); ++axis) {
      expect_type(indices[axis], ElementType::i64, "an index");
      // A view of nothing may begin at 0.
      const int64_t extent = std::max<int64_t>(b.shape[axis], 1);
      if (in_range && is_constant(indices[axis]) &&
          (indices[axis]->integer < 0 || indices[axis]->integer >= extent))
        report(fmt::format("index {} is outside axis {} of {}{}", indices[axis]->integer, axis,
                           buffer_name(id), to_string(b.shape)));
    }
    return true;
  }

  void expect_type(const Expression& e, ElementType type, std::string_view what) {
    if (!e) return report(fmt::format("{} is missing", what));
    check_expression(e);
    if (e->type != type) report(fmt::format("{} is {}, expected {}", what, name(e->type), name(type)));
  }

  void check_expression(const Expression& e) {
    // Expressions share parts; each is judged once a statement.
    if (!judged_.insert(e.get()).second) return;
    for (const Expression& operand : e->operands)
      if (!operand) return report(fmt::format("{} lacks an operand", name(e->op)));
    switch (e->op) {
      case ScalarOp::constant:
        return;
      case ScalarOp::argument:
        return report("an argument outside a scalar rule");
      case ScalarOp::index:
        return check_variable(*e);
      case ScalarOp::load:
        if (check_element(e->integer, e->operands) && buffer(e->integer).element != e->type)
          report(fmt::format("an element of {} is read as {}", buffer_name(e->integer), name(e->type)));
        return;
      default:
        check_operation(*e);
    }
  }

  void check_variable(const ExpressionNode& e) {
    const auto it = variables_in_scope_.find(e.integer);
    if (it == variables_in_scope_.end())
      return report(fmt::format("{} is not in scope", variable_name(e.integer)));
    if (it->second != e.type)
      report(
          fmt::format("{} is {}, but used as {}", variable_name(e.integer), name(it->second), name(e.type)));
  }

  void check_operation(const ExpressionNode& e) {
    if (static_cast<int>(e.operands.size()) != arity(e.op))
      return report(fmt::format("{} has {} operands", name(e.op), e.operands.size()));
    for (const Expression& operand : e.operands) check_expression(operand);
    if (e.op == ScalarOp::cast) return;
    if (e.op == ScalarOp::random_bits) {
      for (const Expression& operand : e.operands)
        if (operand->type != ElementType::i64) report("random_bits takes i64");
      return;
    }
    const bool selects = e.op == ScalarOp::select;
    if (selects && e.operands[0]->type != ElementType::boolean)
      report(fmt::format("the condition of select is {}", name(e.operands[0]->type)));
    const ElementType type = e.operands[selects ? 1 : 0]->type;
    for (size_t i = selects ? 1 : 0; i < e.operands.size(); ++i)
      if (e.operands[i]->type != type)
        report(
            fmt::format("operands of {} are {} and {}", name(e.op), name(type), name(e.operands[i]->type)));
    const bool gives_bool = is_comparison(e.op) || e.op == ScalarOp::is_finite;
    if (e.type != (gives_bool ? ElementType::boolean : type))
      report(fmt::format("{} of {} is said to be {}", name(e.op), name(type), name(e.type)));
    check_domain(e.op, type);
  }

  void check_domain(ScalarOp op, ElementType type) {
    const bool real_only = (op >= ScalarOp::sqrt && op <= ScalarOp::sigmoid) || op == ScalarOp::atan2;
    const bool bits_only = op == ScalarOp::shift_left || op == ScalarOp::shift_right_logical;
    const bool logical = op >= ScalarOp::logical_and && op <= ScalarOp::logical_xor;
    const bool arithmetic = op < ScalarOp::is_finite || (op >= ScalarOp::add && op <= ScalarOp::power) ||
                            op == ScalarOp::multiply_add;
    if ((real_only && !is_float(type)) || (bits_only && !is_integer(type)) ||
        (arithmetic && type == ElementType::boolean) ||
        ((logical || op == ScalarOp::logical_not) && is_float(type)))
      report(fmt::format("{} of {}", name(op), name(type)));
  }

  static bool depends(const Frame& frame, const Expression& root) {
    std::set<const ExpressionNode*> seen;
    const auto visit = [&](const auto& self, const Expression& e) -> bool {
      if (!e || !seen.insert(e.get()).second) return false;
      if (e->op == ScalarOp::index && frame.dependent.count(e->integer)) return true;
      return std::any_of(e->operands.begin(), e->operands.end(),
                         [&](const Expression& o) { return self(self, o); });
    };
    return visit(visit, root);
  }

  std::string buffer_name(int64_t id) const {
    return is_buffer(id) ? "%" + buffer(id).name : fmt::format("buffer {}", id);
  }
  std::string variable_name(int64_t id) const {
    return is_variable(id) ? "%" + function_.variables[static_cast<size_t>(id)]
                           : fmt::format("variable {}", id);
  }
  static std::string print(const Expression& e) { return e ? loop::print(e) : "?"; }

  const Program& program_;
  const Function& function_;
  bool is_main_;
  std::vector<Diagnostic>& found_;
  std::string statement_;
  TextSpan span_;
  std::map<int64_t, ElementType> variables_in_scope_;
  std::set<int64_t> buffers_in_scope_;
  std::map<int64_t, Surroundings> declared_in_;
  std::vector<Frame> frames_;
  Surroundings surroundings_;
  std::set<const ExpressionNode*> judged_;
  int loops_ = 0;
  int64_t copies_ = 1;
  int64_t copies_made_ = 0;
};

}  // namespace

std::vector<Diagnostic> verify(const Program& program) {
  std::vector<Diagnostic> found;
  verify_program(program, found);
  for (const Function& function : program.functions) FunctionVerifier(program, function, false, found).run();
  FunctionVerifier(program, program.main, true, found).run();
  return found;
}

Program load_program(std::string_view text, std::string file) {
  Program program = parse_program(text, std::move(file));
  std::vector<Diagnostic> found = verify(program);
  if (found.empty()) return program;
  throw Error(ErrorKind::program, std::move(found));
}

void verify_or_fail(const Program& program, std::string_view where) {
  std::vector<Diagnostic> found = verify(program);
  if (found.empty()) return;
  for (Diagnostic& diagnostic : found)
    diagnostic.message = fmt::format("internal: invalid loop program ({}): {}", where, diagnostic.message);
  throw Error(ErrorKind::internal, std::move(found));
}

}  // namespace gradus::loop
