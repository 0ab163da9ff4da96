// The elaborator: walks the syntax tree and builds one graph (and the graph of initial values beside it).
//
// An error is recorded and abandons its statement; what the statement would have bound becomes Poison, so
// that later statements report their own errors only.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "frontend/language/elaborate.h"
#include "frontend/language/elaborate/object.h"
#include "ir/build.h"
#include "ir/builder.h"
#include "ir/op.h"

namespace gradus::language {

// Thrown when the diagnostic has been recorded already.
struct Abandon {};

// A graph under construction: the step, the initial values, or the body of a scan.
struct Frame {
  GraphBuilder builder;
  Frame* parent = nullptr;      // of a scan's body; captures are inputs of the body and operands of the scan
  int64_t number = 0;           // in order of making: addresses are used again
  bool initial_values = false;  // stands for itself: nothing of the step may enter
  std::map<Value, Value> captured;  // parent's value → this frame's input
  std::vector<Value> captures;      // parent's values, in order
  std::vector<int64_t> lengths;     // trip counts from the outermost scan inwards
  Value scan_index;                 // i64[]: flattened over all enclosing scans
  // Checks of a scan's body: number and bad index, output once per iteration.
  struct BodyCheck {
    int64_t number;
    Value bad;
    int64_t elements;
  };
  std::vector<BodyCheck> checks;
  std::map<std::string, Object> memo;  // calls of pure functions

  explicit Frame(std::string name, BuilderOptions options = {})
      : builder(std::move(name), std::move(options)) {}
};

struct Environment {
  std::map<std::string, Object, std::less<>> names;
  Environment* parent = nullptr;  // what a scan's body sees
};

// One activation of a path: what `as`, layers and parameters are named in.
struct PathScope {
  std::string path;
  const Instance* owner = nullptr;
  std::map<std::string, int64_t> counters;
  std::set<std::string> claimed;
};

// What `...` stands for in a definition.
struct EllipsisBinding {
  Shape sizes;
  std::vector<int64_t> axes;
};

struct NumberKind;  // elaborate/number_kind.h
struct Line;        // a `minimize` line (elaborate/minimize.cpp)

// A definition's body, a train block or a program while it is being elaborated.
struct Activation {
  const Symbol* symbol = nullptr;  // null: train block or program
  std::string name;
  bool library = false;
  const SourceFile* file = nullptr;  // whose names it sees; null: the user's
  SourceSpan call_span;              // in the caller's text
  Activation* caller = nullptr;
  Environment* environment = nullptr;
  std::optional<EllipsisBinding> ellipsis;
  Line* line = nullptr;  // in an optimizer's body
};

struct ArgumentValue {
  std::string name;  // empty: positional
  Object value;
  SourceSpan span;
  const Expression* expression = nullptr;  // null for a piped value
  bool placeholder = false;
};
using ArgumentValues = std::vector<ArgumentValue>;

class BuiltinCall;

enum class Mode { settings, training, evaluation, prediction, program };

// Where the stack has come to. A local variable would not do: sanitizers keep some elsewhere.
inline const char* frame_address() { return static_cast<const char*>(__builtin_frame_address(0)); }

class Elaborator {
 public:
  struct Options {
    Mode mode = Mode::program;
    ElementType precision = ElementType::f32;
    bool memoize = true;
    std::string name;
    std::vector<std::pair<std::string, std::string>> overrides;
    std::vector<Column> columns;
    std::optional<int64_t> batch;
    std::vector<bool> when;             // of the training graph
    std::optional<size_t> report = {};  // build the graph of this report instead
    NameObserver observer = {};
  };
  Elaborator(const UnitImplementation& unit, Options options);
  ~Elaborator();

  // --- train.cpp, program.cpp: whole blocks
  void run_train(const Symbol& train);
  // A model or layer by itself; false if sizes of its inputs are open, which `open_sizes` then names.
  bool run_model(const Symbol& model, std::vector<std::string>& open_sizes);
  StepGraph finish_step();
  StepGraph finish_conditions();
  StepGraph finish_report();  // the one of options.report
  StepGraph finish_prediction();
  StepGraph finish_totals();
  bool needs_graph(size_t report) const;
  StepGraph finish_initialization(const std::vector<StorageRow>& rows);
  std::vector<StorageRow> storage_rows() const;
  LessonProgram run_program(const Symbol& program);

  TrainSettings settings;
  std::vector<std::string> metric_names;
  std::map<std::string, std::vector<Total>> totals;  // by metric
  std::vector<Report> reports;                       // those that need no graph are complete
  std::vector<LoadLine> loads;
  size_t when_count() const { return conditions_.size(); }
  std::vector<std::string> rate_names;  // results of training
  // Of the block's call of `model`; none if there is no such call, or the model has no inputs.
  std::vector<std::pair<std::string, Object>> model_results;
  CallCounts calls;
  std::vector<LayerRow> layers;
  std::vector<Diagnostic> warnings;

 private:
  friend class BuiltinCall;

  // --- diagnostics.cpp
  [[noreturn]] void error(const SourceSpan& span, std::string message, std::string hint = {},
                          std::vector<Diagnostic::Note> notes = {});
  [[noreturn]] void fatal(const SourceSpan& span, std::string message, std::string hint = {});
  [[noreturn]] void not_supported(const SourceSpan& span, const std::string& what);
  void warn(const SourceSpan& span, std::string message, std::string hint = {},
            std::vector<Diagnostic::Note> notes = {});
  Diagnostic diagnose(const SourceSpan& span, std::string message, std::string hint,
                      std::vector<Diagnostic::Note> notes) const;
  void record(Diagnostic diagnostic);
  void throw_if_errors();
  SourceSpan user_span(const SourceSpan& span) const;  // the user's line, seen from inside the library
  Diagnostic::Note origin_note(const Tensor& tensor) const;
  Diagnostic::Note maker_note(Value value) const;                     // by which function
  std::string describe(const Object& object) const;                   // "f32[64,10]", "3", "a list of 2"
  void observe(const SourceSpan& place, const Object& object) const;  // a name that means this
  void guard_stack(const SourceSpan& span);

  // --- statement.cpp
  void run_block(const Block& block);
  void run_statement(const Statement& statement);
  void run(const Assignment& assignment, const Statement& statement);
  void run(const If& branch, const Statement& statement);
  void run(const For& loop, const Statement& statement);
  void run(const Use& use, const Statement& statement);
  void run(const Update& update, const Statement& statement);
  void update_storage(Storage& storage, const Update& update, const SourceSpan& span);
  void update_everything(const Update& update, const Statement& statement);
  void forget_instances(size_t from);
  Object evaluate_everything(const Everything& everything, const SourceSpan& span);
  void run(const Collect& collect, const Statement& statement);
  void run(const Penalty& penalty, const Statement& statement);
  Object penalties(const SourceSpan& span);
  void warn_of_lost_penalties();
  void run_unsupported(const Statement& statement);
  void poison(const Statement& statement);
  void bind(const Identifier& target, Object value);
  Object with_identity(const Identifier& target, const Expression& expression, Object value);
  bool condition(const Expression& expression);
  Items range_items(const Range& range);
  Object list_of(const Range& range);  // the same as an object
  void count_iterations(int64_t count, const SourceSpan& span);

  // --- scan.cpp
  void run(const Scan& scan, const Statement& statement);
  struct ScanState;
  ScanState* scan_ = nullptr;

  // --- minimize.cpp
  void run(const Minimize& minimize, const Statement& statement);
  std::vector<Storage*> minimized_over(const Minimize& minimize, Value loss, const SourceSpan& span);
  Object call_gradient(BuiltinCall& call);
  std::vector<bool> reaches(Frame& frame, Value from, const std::set<Value>& stop) const;
  void check_not_stale(Frame& frame, Value y, const std::vector<Storage*>& storages, const std::string& name,
                       const SourceSpan& span);

  // --- optimizer.cpp
  struct BodyRun;
  void check_before_optimizer(const Expression& target, const Object& piped, const SourceSpan& piped_span);
  void check_last_stage(const std::vector<OptimizerStage>& stages, const OptimizerStage* updating);
  void run_optimizer_stage(const std::vector<OptimizerStage>& stages, size_t number, Line& line);
  std::vector<std::unique_ptr<BodyRun>> begin_bodies(const OptimizerStage& stage, Line& line,
                                                     const std::vector<Value>& points = {});
  bool run_to_evaluation(BodyRun& body);
  void end_bodies(const std::vector<std::unique_ptr<BodyRun>>& bodies, Line& line);
  void evaluate_at(const std::vector<Value>& points, const std::vector<OptimizerStage>& stages, size_t number,
                   Line& line);
  std::vector<Value> gradients_at(Value loss, const std::vector<Value>& points);
  Value line_step(Line& line, const SourceSpan& span);
  Object make_slot(const std::string& local, const ArgumentValues& arguments, const SourceSpan& span);

  // --- train.cpp
  void run_train_statement(const Statement& statement);
  void run(const Data& data, const Statement& statement);
  void run(const Action& action, const Statement& statement);
  void run(const Metric& metric, const Statement& statement);
  void run(const Input& input, const Statement& statement);
  Object epoch_value(const SourceSpan& span);
  void run(const Load& load, const Statement& statement);
  void resolve_loads();
  // --- when.cpp
  void run(const When& when, const Statement& statement);
  void run_branch(const Block& body, bool taken);
  std::vector<gradus::Input> inputs_of(Value value) const;
  // --- report.cpp
  void add_report(Report::Moment moment, int64_t steps, const Block& body, const SourceSpan& span);
  void complete_reports();
  bool only_metrics(const Expression& expression) const;
  void run_report(size_t index);
  bool only_metrics(const Statement& statement) const;
  std::string report_result(Value value);
  void take_lines();
  void run_image_sheet(const Action& action, const SourceSpan& span);
  Object metric_input(const std::string& name, const SourceSpan& span);

  // --- totals.cpp
  struct Reached {
    std::vector<Value> totals;
    std::optional<Value> of_batch;  // something that is neither a total nor known
  };
  Reached reached_from(Value value) const;
  std::optional<Value> total_below(const Reached& reached) const;
  bool is_of_totals(Value value) const;
  void check_totals(const std::string& metric, Value value, const SourceSpan& span);
  void add_totals(const std::vector<std::pair<std::string, Value>>& metrics);

  void note_rate(const OptimizerStage& stage, const std::string& path);
  SettingCall setting_call(const std::string& name, const Arguments& arguments, const SourceSpan& span);
  Setting setting_of(const Expression& expression);
  Setting setting_of(const Object& object, const SourceSpan& span);
  // --- setting.cpp
  struct SettingForm {
    const char* name;
    void (*take)(Elaborator& self, const Object& value, const SourceSpan& span);
  };
  static const std::vector<SettingForm>& setting_forms();
  static std::vector<std::string> setting_names();
  int64_t positive_setting(const char* name, const Object& value, const SourceSpan& span);
  void take_setting(const std::string& name, const Object& value, const SourceSpan& span);
  void warn_of_unread_settings(const Train& train);
  std::string unread_hint(const std::string& name, const Train& train) const;
  std::optional<Object> override_of(const std::string& name);
  void make_model(const Symbol& train);
  std::optional<Object> model_output(const std::string& name, const SourceSpan& span);
  void call_model(const std::string& wanted, const SourceSpan& span);
  void finish_metrics();
  void check_monitor();

  // --- program.cpp
  void run(const Expect& expect, const Statement& statement);
  void run(const Print& print, const Statement& statement);
  std::string lesson_result(const Object& object, const SourceSpan& span);
  LessonProgram lesson_;

  // --- expression.cpp
  Object evaluate(const Expression& expression);
  Object evaluate_node(const Expression& expression);
  Object evaluate_named(const Named& named, const Expression& expression, const Object* piped);
  Object evaluate_pipe_target(const Expression& target, const Object& piped, const SourceSpan& piped_span);
  Object evaluate_name(const std::string& name, const SourceSpan& span);
  std::optional<Object> lookup(std::string_view name, bool callable, const SourceSpan& span);
  std::optional<Object> special_name(std::string_view name, const SourceSpan& span);
  [[noreturn]] void unknown_name(const std::string& name, const SourceSpan& span, bool call);
  Object member(const Object& base, const std::string& name, const SourceSpan& span);
  Object evaluate_list(const List& list);
  void check_no_module(const Member& member);
  Object require_short(Object object, const SourceSpan& span);  // error if it holds too much
  Object constant_of(const Symbol& symbol, const SourceSpan& span);
  Object read(Storage& storage);
  std::optional<Object> path_object(const std::string& path);
  // The base of a member or index: storages, instances and paths as such, not their values.
  Object evaluate_place(const Expression& expression);

  // --- index.cpp
  Object index(const Object& base, const Index& index, const SourceSpan& span);
  Object index_list(const Items& items, const Index& index, const SourceSpan& span);
  Object index_tensor(const Tensor& tensor, const Index& index, const SourceSpan& span);
  Value gather_axes(Value x, std::vector<Value> ids, const std::vector<int64_t>& axes,
                    const SourceSpan& span);
  Value gather_axis(Value x, Value ids, int64_t axis, const SourceSpan& span);
  int64_t known_integer(const Expression& expression, const char* what);

  // --- operators.cpp
  Object binary(BinaryOperator op, const Object& left, const Object& right, const SourceSpan& span);
  Object negate(const Object& operand, const SourceSpan& span);
  Object logical_not(const Object& operand, const SourceSpan& span);
  Value binary_tensor(BinaryOperator op, const Object& left, const Object& right, const SourceSpan& span);
  Value power(const Object& left, const Object& right, const SourceSpan& span);
  Value matrix_multiply(const Object& left, const Object& right, const SourceSpan& span);
  // Both operands in one element type, broadcast to one shape. `floats`: integers become floats.
  std::pair<Value, Value> unify(const Object& left, const Object& right, const char* symbol,
                                const SourceSpan& span, bool floats = false);
  ElementType common_element(const std::vector<const Object*>& objects, const char* symbol,
                             const SourceSpan& span, bool floats = false);
  Shape common_shape(const std::vector<Value>& values, const char* symbol, const SourceSpan& span);
  void warn_of_pairs_of_rows(Value left, Value right, const char* symbol, const SourceSpan& span);
  void put_origin(const SourceSpan& span);

  // --- known.cpp
  std::optional<Object> known_binary(BinaryOperator op, const Object& left, const Object& right,
                                     const SourceSpan& span);
  Object known_arithmetic(BinaryOperator op, const Object& left, const Object& right, const SourceSpan& span);

  // --- convert.cpp: objects to values of the current frame
  Value use(const Tensor& tensor, const SourceSpan& span);
  Tensor tensor(Value value) { return {value, frame_, nullptr}; }
  // A value of the element type that the object has by itself (known integers: i32, numbers: float).
  Value to_value(const Object& object, const SourceSpan& span);
  Value to_value(const Object& object, ElementType element, const SourceSpan& span);  // known or promoted
  Value known_value(const Object& known, ElementType element, const SourceSpan& span);
  // first, first + step, … as i32, or i64 where that is too narrow
  Value range_value(int64_t first, int64_t step, uint64_t count, const SourceSpan& span);
  Value promote(Value value, ElementType element, const SourceSpan& span, const std::string& what);
  Value stack(const Items& items, int64_t axis, const SourceSpan& span);
  bool weak(const Object& object) const;  // takes the element type it meets
  ElementType element_of(const Object& object, const SourceSpan& span);
  Shape shape_of(const Object& object, const SourceSpan& span);
  Shape to_shape(const Object& object, const SourceSpan& span);
  void check_shape(const Shape& shape, const SourceSpan& span);
  int64_t to_integer(const Object& object, const std::string& what, const SourceSpan& span);
  double to_number(const Object& object, const std::string& what, const SourceSpan& span);
  bool to_bool(const Object& object, const std::string& what, const SourceSpan& span);
  Type type_of(Value value) const { return frame_->builder.type(value); }
  const Object& checked(const Object& object,
                        const SourceSpan& span);  // Poison abandons, several results are an error

  // --- call.cpp
  Object evaluate_call(const Call& call, const Expression& expression, const Object* piped, const Path* name);
  ArgumentValues evaluate_arguments(const Arguments& arguments, const Symbol* callee);
  Object call_object(const Object& callee, ArgumentValues arguments, const SourceSpan& span,
                     const Path* name);
  Object call_definition(const Symbol& symbol, ArgumentValues arguments, const SourceSpan& span,
                         const Path* name);
  Object call_function(const Symbol& symbol, std::map<std::string, Object> given, const SourceSpan& span);
  void record_function(const Symbol& symbol, const Object& result);
  std::vector<Type> output_types(const Object& result) const;
  Object run_definition(const Symbol& symbol, const std::map<std::string, Object>& given,
                        const SourceSpan& span);
  std::optional<bool> training_argument(ArgumentValues& arguments);
  enum class Binding { all, settings, inputs };
  std::map<std::string, Object> bind_arguments(const Symbol& symbol, const ArgumentValues& arguments,
                                               Binding binding, const SourceSpan& span);
  std::string memo_key(const Symbol& symbol, const std::map<std::string, Object>& given,
                       bool& possible) const;
  static std::string signature(const Definition& definition);

  // --- pattern.cpp
  void bind_parameters(const Symbol& symbol, const std::map<std::string, Object>& given,
                       Environment& environment, const SourceSpan& span);
  Object bind_input(const Definition& definition, const Parameter& parameter,
                    const std::map<std::string, Object>& given, const Object& value, const SourceSpan& span);
  void warn_of_numbers(const Definition& definition, const Parameter& parameter, Value value,
                       const SourceSpan& span);
  std::string_view contradiction(const NumberKind& kind, Value value) const;
  std::string float_for_integer_hint(const Definition& definition, const Parameter& parameter,
                                     const std::map<std::string, Object>& given, const SourceSpan& span);
  void check_setting(const Definition& definition, const Parameter& parameter, const Object& value,
                     const SourceSpan& span);
  void match_shape(const std::vector<ExpressionPointer>& axes, const Shape& shape, const std::string& what,
                   const SourceSpan& span, const std::string& pattern, std::string_view advice = "");
  ElementType pattern_element(const TypePattern& pattern) const;

  // --- layer.cpp: paths, instances, storage
  Object call_layer(const Symbol& symbol, ArgumentValues arguments, const SourceSpan& span, const Path* name);
  std::shared_ptr<Instance> make_instance(const Symbol& symbol, std::map<std::string, Object> settings,
                                          const std::string& local, const SourceSpan& span);
  Object call_instance(const std::shared_ptr<Instance>& instance, ArgumentValues arguments,
                       const SourceSpan& span);
  Object run_instance(const std::shared_ptr<Instance>& instance, std::map<std::string, Object> given,
                      const SourceSpan& span);
  std::string claim(const std::string& local, const SourceSpan& span);  // the full path
  std::string local_name(const Path& path);
  void bind_path(const Path& path, Object value);
  Object make_storage(const std::string& local, bool trainable, const ArgumentValues& arguments,
                      const SourceSpan& span);
  Storage& add_storage(const std::string& path, const Type& type, bool trainable, const Object& initializer,
                       const SourceSpan& span);
  Value initial_value(const std::string& path, const Type& type, const Object& initializer,
                      const SourceSpan& span);
  void set_version(Storage& storage, Value value);
  std::vector<Storage*> storages_below(const std::string& path);
  // The storage, instance or prefix that a path names.
  std::string resolve_path(const Path& path);
  std::vector<std::string> resolve_paths(const Path& path);
  [[noreturn]] void unknown_path(const Path& path, const std::optional<Object>& root);
  int64_t scope_count(const std::string& path) const;
  int64_t scope_number(const std::string& path, const Expression& written);
  Value storage_value(Storage& storage) const { return storage.versions.back(); }

  // --- random.cpp, checks.cpp
  Value draw(OpId op, const Shape& shape, const Object& seed, const SourceSpan& span);
  Value integer_constant(int64_t value);
  Value seed_value(const SourceSpan& span);
  Value step_value(const SourceSpan& span);
  Value root_input(const char* name, InputKind kind, const SourceSpan& span);
  Value checked_op(OpId op, std::vector<Value> operands, Attributes attributes, int64_t limit,
                   const std::string& description, const SourceSpan& span);
  void combine_status();

  const UnitImplementation& unit_;
  Options options_;
  std::vector<Diagnostic> errors_;
  std::set<std::string> reported_;

  std::unique_ptr<Frame> root_;
  std::unique_ptr<Frame> initial_;
  Frame* frame_ = nullptr;
  Activation* activation_ = nullptr;
  PathScope* path_ = nullptr;
  bool training_ = false;
  std::string initializing_;  // path of the parameter whose initial value is being computed
  const char* stack_base_ = nullptr;

  std::vector<std::unique_ptr<Storage>> storages_;
  std::map<std::string, Storage*> storage_by_path_;
  std::map<std::string, std::shared_ptr<Instance>> instances_;
  std::map<std::string, Value> initial_values_;
  std::map<std::string, uint32_t> input_index_;  // of storages, in the root graph
  std::map<Value, Storage*> version_of_;
  std::map<std::string, int64_t> draws_;
  std::map<std::string, int64_t> check_numbers_;
  std::vector<Check> checks_;
  Value seed_, step_, epoch_;
  Value initial_seed_;
  std::map<const Statement*, std::unique_ptr<Line>> lines_;
  std::map<const Symbol*, Object> constants_;
  std::set<const Symbol*> constants_running_;
  std::vector<std::unique_ptr<Environment>> environments_;
  // Names bound to instances and scopes, for `for … as`, and what they meant before.
  struct BoundInstance {
    Environment* environment;
    std::string name;
    std::optional<Object> before;
  };
  std::vector<BoundInstance> bound_instances_;
  const std::string* everything_ = nullptr;  // what `.*` stands for in an update
  std::vector<ExpressionPointer> override_trees_;
  std::set<std::string> overrides_used_;

  Environment* block_environment_ = nullptr;  // of the train block or program
  std::shared_ptr<Instance> model_;
  bool model_called_ = false;
  std::vector<std::pair<std::string, Value>> metrics_;
  std::set<Value> totals_;  // marks in the outermost frame, around what is summed over a set
  std::vector<std::pair<std::string, Value>> set_metrics_;  // what is calculated from them
  std::vector<std::pair<std::string, Value>> losses_;       // of `minimize` lines
  std::vector<std::pair<std::string, Value>> rates_;        // of their optimizers, if they are not constant
  std::map<std::pair<const Statement*, std::string>, std::vector<Value>>
      penalties_;  // by statement and scope
  struct MetPenalty {
    Value value;
    SourceSpan span;  // the user's line
    std::string path;
  };
  std::vector<MetPenalty> penalty_order_;
  std::vector<Value> minimized_;             // losses of all `minimize` lines
  std::vector<Value> conditions_;            // of `when` blocks
  std::vector<const Block*> report_bodies_;  // of `reports`
  std::vector<NamedValue> report_results_;
  StepGraph finish_part(const std::string& name, const std::vector<NamedValue>& results);
  Report* report_ = nullptr;                               // whose body runs
  std::vector<std::pair<const Load*, SourceSpan>> loads_;  // resolved when the block has ended
  int64_t mark_ids_ = 0;
  int64_t frames_ = 0;
  int64_t depth_ = 0;
  int64_t calls_ = 0;
  int64_t iterations_ = 0;
  size_t updates_ = 0;    // of storage, so far
  uint64_t effects_ = 0;  // draws, storage, instances: what makes a call impure
};

std::string join_path(const std::string& path, const std::string& local);

}  // namespace gradus::language
