// `scan`: the one loop that exists at run time. Its body becomes a closed graph whose captures are operands.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "frontend/language/elaborate/range.h"
#include "frontend/language/elaborate/scan_state.h"
#include "ir/ops/scan.h"

namespace gradus::language {

namespace {

std::vector<int64_t> move_axis(int64_t rank, int64_t from, int64_t to) {
  std::vector<int64_t> dims;
  for (int64_t i = 0; i < rank; ++i)
    if (i != from) dims.push_back(i);
  dims.insert(dims.begin() + to, from);
  return dims;
}

}  // namespace

void Elaborator::run(const Scan& scan, const Statement& statement) {
  const SourceSpan& span = statement.span;
  const int64_t along = scan.along ? known_integer(*scan.along, "the axis after `along`") : 0;
  const int64_t by = scan.step ? known_integer(*scan.step, "the step after `by`") : 1;
  if (by == 0) error(span, "the step of a scan must not be 0");

  GraphBuilder& b = frame_->builder;
  // A range may be long: its elements are computed where they are read.
  const auto value_of = [&](const Range& range, const SourceSpan& place) {
    if (!range.first || !range.last) error(range.span, "a range needs both ends here: 0..n");
    const int64_t first = known_integer(*range.first, "the start of a range");
    const int64_t step = range.step ? known_integer(*range.step, "the step of a range") : 1;
    if (step == 0) error(range.span, "the step of a range must not be 0");
    const uint64_t count = range_length(first, known_integer(*range.last, "the end of a range"), step);
    return range_value(first, step, count, place);
  };

  // Sequences: the scanned axis first. A range has one axis, whatever `along` says about the results.
  std::vector<Value> sequences;
  int64_t length = -1;
  for (const Scan::Sequence& sequence : scan.sequences) {
    const SourceSpan& place = sequence.name.span;
    const bool range = sequence.source.is_range;
    Value value =
        range ? value_of(sequence.source, place) : to_value(evaluate(*sequence.source.first), place);
    const Shape shape = b.shape(value);
    const auto rank = static_cast<int64_t>(shape.size());
    const int64_t axis = range ? 0 : (along < 0 ? along + rank : along);
    if (axis < 0 || axis >= rank)
      error(place, fmt::format("`along {}`: {} has no such axis", along, to_string(type_of(value))), "",
            {origin_note(tensor(value))});
    const int64_t whole = shape[static_cast<size_t>(axis)];
    // A step beyond the other end takes one element, however far it goes.
    const int64_t stride = by > -whole ? std::min(std::abs(by), whole) : whole;
    const int64_t extent = (whole - 1) / stride + 1;
    if (stride > 1) {  // backwards, the last element is the first one scanned
      std::vector<int64_t> start(shape.size(), 0);
      std::vector<int64_t> strides(shape.size(), 1);
      strides[static_cast<size_t>(axis)] = stride;
      if (by < 0) start[static_cast<size_t>(axis)] = (whole - 1) % stride;
      put_origin(place);
      value = build::slice(b, value, std::move(start), shape, std::move(strides));
    }
    if (length >= 0 && extent != length)
      error(place, fmt::format("the sequences of a scan differ in length: {} and {}", length, extent));
    length = extent;
    put_origin(place);
    sequences.push_back(build::transpose(b, value, move_axis(rank, axis, 0)));
  }

  std::vector<Value> carries;
  for (const Scan::Carry& carry : scan.carries) {
    const Object initial = evaluate(*carry.initial);
    // A literal is a number here, as everywhere at run time; integers are made by casts and ranges.
    carries.push_back(weak(initial) && element_of(initial, span) != ElementType::boolean &&
                              !initial.is<Tensor>()
                          ? to_value(initial, options_.precision, carry.name.span)
                          : to_value(initial, carry.name.span));
  }

  auto body = std::make_unique<Frame>("body", BuilderOptions{.memoize = options_.memoize, .ids = b.ids()});
  body->parent = frame_;
  body->number = ++frames_;
  body->lengths = frame_->lengths;
  body->lengths.push_back(length);
  Environment environment;
  environment.parent = activation_->environment;
  const auto input_name = [&](const std::string& wanted) {
    std::string name = wanted;
    const auto taken = [&](const std::string& candidate) {
      return std::any_of(body->builder.graph().inputs().begin(), body->builder.graph().inputs().end(),
                         [&](const gradus::Input& input) { return input.name == candidate; });
    };
    for (int i = 2; taken(name); ++i) name = fmt::format("{}_{}", wanted, i);
    return name;
  };
  const std::string& scope = path_->path.empty() ? options_.name : path_->path;
  body->builder.set_origins({Origin::source({{scope, user_span(span)}})});
  const Value index = body->builder.input("index", InputKind::data, Type(ElementType::i64));
  for (size_t i = 0; i < carries.size(); ++i) {
    const Value input =
        body->builder.input(input_name(scan.carries[i].name.text), InputKind::data, b.type(carries[i]));
    environment.names[scan.carries[i].name.text] = Tensor{input, body.get(), nullptr};
  }
  for (size_t i = 0; i < sequences.size(); ++i) {
    Type type = b.type(sequences[i]);
    type.shape.erase(type.shape.begin());
    const Value input = body->builder.input(input_name(scan.sequences[i].name.text), InputKind::data, type);
    environment.names[scan.sequences[i].name.text] = Tensor{input, body.get(), nullptr};
  }

  ScanState state;
  state.activation = activation_;
  std::vector<Value> new_carries;
  std::vector<std::pair<std::string, Value>> outputs;
  {
    struct Enter {
      Elaborator& self;
      Frame* frame;
      Environment* environment;
      ScanState* scan;
      ~Enter() {
        self.frame_ = frame;
        self.activation_->environment = environment;
        self.scan_ = scan;
      }
    } enter{*this, frame_, activation_->environment, scan_};
    frame_ = body.get();
    activation_->environment = &environment;
    scan_ = &state;
    if (enter.frame->scan_index) {
      const Value outer = use({enter.frame->scan_index, enter.frame, nullptr}, span);
      put_origin(span);
      body->scan_index =
          build::add(body->builder, build::mul(body->builder, outer, integer_constant(length)), index);
    } else {
      body->scan_index = index;
    }
    run_block(scan.body);
    for (size_t i = 0; i < carries.size(); ++i) {
      const std::string& name = scan.carries[i].name.text;
      const Type type = enter.frame->builder.type(carries[i]);
      const Object& last = environment.names[name];
      Value next = to_value(last, scan.carries[i].name.span);
      const Type found = type_of(next);
      if (found.element != type.element)
        next = promote(next, type.element, scan.carries[i].name.span, fmt::format("carry `{}`", name));
      if (found.shape != type.shape)
        error(scan.carries[i].name.span,
              fmt::format("carry `{}` starts as {} and becomes {}", name, to_string(type), to_string(found)),
              "", {origin_note(tensor(next))});
      new_carries.push_back(next);
    }
    for (const auto& [name, value] : state.collected) outputs.emplace_back(name, use(value, span));
  }

  std::vector<Value> operands = carries;
  operands.insert(operands.end(), sequences.begin(), sequences.end());
  operands.insert(operands.end(), body->captures.begin(), body->captures.end());
  for (Value value : new_carries) body->builder.add_result("", value);
  for (const auto& [name, value] : outputs) body->builder.add_result("", value);
  for (const Frame::BodyCheck& check : body->checks) body->builder.add_result("", check.bad);
  const std::vector<Frame::BodyCheck> checks = body->checks;
  auto graph = std::make_shared<const Graph>(std::move(body->builder).finish());
  put_origin(span);
  ops::ScanLayout layout;
  layout.carries = carries.size();
  layout.sequences = sequences.size();
  layout.length = length;
  layout.reverse = by < 0;
  layout.keep_every_history();  // so that a gradient needs no second loop
  const Value node = b.add(OpId::scan, std::move(operands), layout.attributes(), std::move(graph));
  uint32_t result = 0;
  for (const Scan::Carry& carry : scan.carries) bind(carry.name, tensor({node.node, result++}));
  result = static_cast<uint32_t>(layout.result_of_output(0));
  for (const auto& [name, value] : outputs) {
    const Value stacked{node.node, result++};
    const auto rank = b.type(stacked).rank();
    const int64_t at = along < 0 ? along + rank : along;
    if (at < 0 || at >= rank)
      error(span, fmt::format("`along {}`: the collected `{}` has {} axes", along, name, rank));
    // Axis 0 goes to where `along` says.
    std::vector<int64_t> dims;
    for (int64_t i = 1; i < rank; ++i) dims.push_back(i);
    dims.insert(dims.begin() + at, 0);
    bind(Identifier{name, span}, tensor(build::transpose(b, stacked, dims)));
  }
  // Each check of the body reports once per iteration: the first failing (scan index, element), flattened.
  for (const Frame::BodyCheck& check : checks) {
    const Value bad{node.node, result++};  // i64[length], -1 where nothing failed
    const Type row(ElementType::i64, {length});
    const Value failed = build::binary(b, OpId::greater_equal, bad, build::constant_integer(b, row, 0));
    const Value flat = build::add(
        b, build::mul(b, build::iota(b, row, 0), build::constant_integer(b, row, check.elements)), bad);
    constexpr int64_t never = int64_t{1} << 62;
    int64_t elements = 0;
    if (__builtin_mul_overflow(check.elements, length, &elements) || elements > never)
      error(span, fmt::format("size overflow: {} steps that each check {} indices", length, check.elements));
    const Value first = build::reduce(
        b, OpId::min, build::select(b, failed, flat, build::constant_integer(b, row, never)), {0});
    const Type scalar(ElementType::i64);
    const Value none = build::binary(b, OpId::equal, first, build::constant_integer(b, scalar, never));
    frame_->checks.push_back(
        {check.number, build::select(b, none, build::constant_integer(b, scalar, -1), first), elements});
  }
}

}  // namespace gradus::language
