// Elaboration: from parsed text to graphs. Plain data in, plain data out; nothing is compiled or run here.
//
//   Unit unit = load_unit("lenet5.gradus", text);               parses the user's file and the library
//   TrainSettings s = elaborate_settings(unit, "LeNet5", o);     what the data reader and the loop must know
//   … the driver opens the data and learns the columns' types …
//   TrainProgram p = elaborate_train(unit, "LeNet5", o);         the graphs, for o.batch rows
//
// Every function throws Error with all independent diagnostics of the text; warnings are in the results.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ir/error.h"
#include "ir/graph.h"

namespace gradus::language {

struct UnitImplementation;  // symbol table over the syntax trees

// The user's file together with the standard library.
class Unit {
 public:
  Unit() = default;
  explicit Unit(std::shared_ptr<const UnitImplementation> implementation)
      : implementation_(std::move(implementation)) {}
  const UnitImplementation& implementation() const { return *implementation_; }

  std::vector<std::string> trains() const;    // names of the user's `train` blocks, in order
  std::vector<std::string> programs() const;  // … `program` blocks
  std::vector<std::string> files() const;     // the user's file, and those that it imports
  // The text of a file, the library's included; null if there is none (for `render`).
  const std::string* source(const std::string& file) const;

 private:
  std::shared_ptr<const UnitImplementation> implementation_;
};

// Gives the text of a file, or throws Error.
using ReadSource = std::function<std::string(const std::string& file)>;

// Parses `text`, which is called `file` in diagnostics, and the files that it imports. Throws Error with
// every syntax error.
Unit load_unit(const std::string& file, const std::string& text, const ReadSource& read = {});

// ---- settings -------------------------------------------------------------------------------------------

struct Setting;
// A call with known arguments: `digits(pad_to: 32)`, `early_stopping(monitor: validation.loss)`. Names that
// mean nothing to the language (`validation.loss`, `auto`) arrive as Word.
struct SettingCall {
  struct Argument;
  std::string name;
  std::vector<Argument> arguments;
  SourceSpan span;

  const Setting* find(std::string_view argument) const;  // by name; null if absent
};
struct Word {
  std::string text;
};
struct Setting {
  // none, bool, integer, number, string, word, list, call
  std::variant<std::monostate, bool, int64_t, double, std::string, Word, std::vector<Setting>,
               std::shared_ptr<const SettingCall>>
      value;
};
struct SettingCall::Argument {
  std::string name;  // empty: positional
  Setting value;
  SourceSpan span;
};

struct TrainSettings {
  std::string name;
  SettingCall data;                  // the reader's call
  std::vector<std::string> columns;  // names given to its columns; "_" is not used
  std::optional<SettingCall> split;
  std::vector<SettingCall> actions;  // early_stopping(…) and others, in order
  int64_t batch = 32;
  int64_t epochs = 1;
  int64_t seed = 0;
  bool shuffle = true;
  bool drop_last = false;  // leave out the last batch of an epoch if it is smaller
  std::vector<std::pair<std::string, double>>
      inputs;  // `input rate = 1e-3`: scalars, data inputs of the steps
};

// ---- training -------------------------------------------------------------------------------------------

// A data column as the reader describes it: i32[] per row for labels, f32[784] …; the batch axis is left out.
struct Column {
  ElementType element = ElementType::f32;  // any float type stands for the program's precision
  Shape row_shape;
};

// Told of names, where they are bound and read, and of what they mean then: `f32[64,10]`, `3`, `function
// tanh`.
using NameObserver = std::function<void(const SourceSpan& place, const std::string& meaning)>;

struct TrainOptions {
  std::vector<std::pair<std::string, std::string>> overrides;  // --set name=value
  ElementType precision = ElementType::f32;
  std::vector<Column> columns;   // one per column of the reader, in order; ignored by elaborate_settings
  std::optional<int64_t> batch;  // rows of this specialization; otherwise the program's batch size
  bool memoize = true;           // false: --no-memo
  // Which `when` blocks of the training graph are executed, in order of the text; those that are not named
  // are.
  std::vector<bool> when;
  NameObserver observer = {};
};

// A parameter or state: an input of the graphs, known by its path.
struct StorageRow {
  std::string path;  // hidden.weight, adam_1.m.hidden.weight, adam_1.step
  Type type;
  bool trainable = false;  // parameter; otherwise state
  bool optimizer = false;  // belongs to a `minimize` line (absent from evaluation and prediction graphs)
  SourceSpan span;         // the line that made it
};

// An instance of a layer, or a function that a model of the user's calls itself, in the order of the calls.
struct LayerRow {
  std::string path;  // encoder.hidden; "" is the model itself, and a function
  std::string kind;  // dense, average_pool2d: the name of its definition
  bool function = false;
  std::vector<Type> outputs;
};

// What a number in a graph's status means.
struct Check {
  int64_t number = 0;
  SourceSpan span;          // the user's line
  std::string description;  // "label out of range in select_class: must be in 0..9"
  int64_t limit = 0;        // indices must be in 0..limit-1
  Shape indices;            // of what is checked; inside a scan that of one iteration
  bool in_scan = false;
};

struct StepGraph {
  Graph graph;  // results by name: loss, metrics (training, evaluation); outputs (prediction); paths
                // (initialization)
  std::vector<Check> checks;
};

// Calls of one of the program's functions while its graph was built.
struct CallCount {
  uint64_t calls = 0;
  uint64_t from_memory = 0;  // of these: the same function of the same arguments, answered at once
};
using CallCounts = std::map<std::string, CallCount>;  // by the function's name

// ---- what programs say ----------------------------------------------------------------------------------

struct Expectation {
  enum class Comparison { truth, equal, not_equal, less, less_equal, greater, greater_equal };
  Comparison comparison = Comparison::truth;  // truth: `left` must be true everywhere
  std::string left;                           // name of a result of the graph
  std::string right;                          // … empty for `truth`
  // Per element of `right` (or one for all): |left - right| ≤ tolerance·max(1, |right|), or ≤ tolerance if
  // absolute.
  std::vector<double> tolerance;
  bool absolute = false;
  // Also holds if |left - right| ≤ rounding·|right|, or ≤ the error bound of `left`: digits that f32 does not
  // have cannot be asked for.
  double rounding = 0;
  SourceSpan span;
  std::string text;  // as written
};

struct PrintItem {
  std::string text;  // the expression as written; a string literal's own text if `literal`
  bool literal = false;
  std::vector<std::string> results;  // names of results; several for a list that cannot be stacked
  bool list = false;
};
struct PrintLine {
  std::vector<PrintItem> items;
  SourceSpan span;
};

// A `print` or `expect` over named scalars only (`validation.loss`), which needs no graph.
struct MetricLine {
  std::shared_ptr<const void> statement;  // syntax tree; keeps the unit alive
  SourceSpan span;
};

// image_sheet("samples-{epoch}.png", images).
struct ImageSheet {
  std::string file;
  std::string result;  // of the report's graph
  SourceSpan span;
};

// `every epoch { … }`, `every n steps { … }`, `finally { … }`.
struct Report {
  enum class Moment { steps, epoch, end };
  Moment moment = Moment::end;
  int64_t steps = 0;
  SourceSpan span;
  std::vector<std::variant<MetricLine, PrintLine, Expectation, ImageSheet>> lines;
  // Has the results that lines name. Inputs as of evaluation, and metrics by their names ("train.loss"),
  // scalars of kind data.
  std::optional<StepGraph> graph;
};

// `load "FILE" into path` or `load path into path`: values that take the place of the initial ones.
struct LoadLine {
  std::string file;  // empty: from `source`
  std::string source;
  std::string target;  // all parameters and state below it
  SourceSpan span;
};

// A result that is summed over the steps of a set.
struct Total {
  std::string result;
  Type type;  // of a step's
};

// Inputs by kind: data (names of `columns`), parameter and state (paths), seed, step (both i64[]; present
// only where something reads them; steps count from 1); of kind data and without rows: `epoch` (i64[], from
// 1) and the block's `input`s.
struct TrainProgram {
  TrainSettings settings;
  StepGraph training;    // updates: parameters, state, optimizer state
  StepGraph evaluation;  // training = false, no updates
  std::optional<StepGraph>
      prediction;  // outputs of `model` from the columns, as evaluation has them; none without a call
  StepGraph initialization;  // one result per row of `storage`, named by path; input: seed
  std::vector<StorageRow> storage;
  std::vector<LayerRow> layers;  // of the training graph
  std::vector<std::string>
      metrics;  // names of results of training and evaluation, "loss" first; row-weighted means
  // Metrics that are calculated from totals over a set, with the results of training and evaluation that are
  // summed for each; and what is calculated from the sums: results by metric, inputs by total, in f64.
  std::map<std::string, std::vector<Total>> totals;
  std::optional<StepGraph> set_metrics;
  std::vector<std::string> rates;  // results of training: rates of optimizers that change while it runs
  // Conditions of `when` blocks by step and epoch (and inputs), as results in order; none without blocks.
  std::optional<StepGraph> conditions;
  std::vector<LoadLine> loads;
  CallCounts calls;  // of the training graph
  std::vector<Diagnostic> warnings;
};

TrainSettings elaborate_settings(const Unit& unit, const std::string& name, const TrainOptions& options);
TrainProgram elaborate_train(const Unit& unit, const std::string& name, const TrainOptions& options);
// What `every` and `finally` of the block say, in order of the text; they see `options.batch` rows, whatever
// the steps have.
std::vector<Report> elaborate_reports(const Unit& unit, const std::string& name, const TrainOptions& options);

// A model by itself: one row of the batch, other free sizes of its inputs from `overrides`.
struct ModelProgram {
  std::vector<LayerRow> layers;
  std::vector<StorageRow> storage;
  std::vector<std::string> open_sizes;  // not known: then there are no layers
};
ModelProgram elaborate_model(const Unit& unit, const std::string& name, const TrainOptions& options);

// Error unless both give the same table of paths, types and kinds.
void require_same_storage(const TrainProgram& a, const TrainProgram& b);

// ---- lessons --------------------------------------------------------------------------------------------

struct Variable {  // `name = literal`: an input of kind `variable`
  std::string name;
  Type type;
  std::vector<double> values;  // row-major
};

struct LessonProgram {
  std::string name;
  Graph graph;
  std::vector<Variable> variables;
  // Everything that the lesson says, in program order.
  std::vector<std::variant<Expectation, PrintLine>> statements;
  std::vector<Check> checks;
  CallCounts calls;
  std::vector<Diagnostic> warnings;
};

struct LessonOptions {
  ElementType precision = ElementType::f64;
  bool memoize = true;
  NameObserver observer = {};
};

LessonProgram elaborate_program(const Unit& unit, const std::string& name, const LessonOptions& options = {});

struct Outcome {
  bool holds = false;
  std::string message;  // what was found and what was expected, if it does not hold
};
// Judges an expectation on the values of its two results (row-major; booleans as 0 and 1). `bounds`: on the
// rounding errors of `left`, if they are known.
Outcome judge(const Expectation& expectation, std::span<const double> left, std::span<const double> right,
              std::span<const double> bounds = {});

// ---- lines over metrics ---------------------------------------------------------------------------------

struct MetricOutcome {
  SourceSpan span;
  bool expectation = false;  // otherwise a print
  bool holds = true;
  std::string text;  // the printed line, or what was found and expected
};
// `lookup` gives the value of "validation.loss", "train.accuracy", "epoch" …; nullopt if there is none.
using MetricLookup = std::function<std::optional<double>(const std::string& name)>;
MetricOutcome evaluate_metrics(const MetricLine& line, const MetricLookup& lookup);

}  // namespace gradus::language
