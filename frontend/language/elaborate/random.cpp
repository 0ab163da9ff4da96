// Random draws by site, and checked ops with their numbers.
#include <fmt/format.h>

#include <algorithm>

#include "frontend/language/elaborate/elaborator.h"
#include "ir/random.h"

namespace gradus::language {

Value Elaborator::integer_constant(int64_t value) {
  return build::constant_integer(frame_->builder, Type(ElementType::i64), value);
}

Value Elaborator::root_input(const char* name, InputKind kind, const SourceSpan& span) {
  Frame* inner = frame_;
  frame_ = root_.get();
  put_origin(span);
  const Value value = root_->builder.input(name, kind, Type(ElementType::i64));
  frame_ = inner;
  return value;
}

Value Elaborator::seed_value(const SourceSpan& span) {
  if (options_.mode == Mode::program)
    return build::constant_integer(root_->builder, Type(ElementType::i64), 0);
  if (!seed_) seed_ = root_input("seed", InputKind::seed, span);
  return seed_;
}

Value Elaborator::step_value(const SourceSpan& span) {
  if (options_.mode == Mode::program)
    return build::constant_integer(root_->builder, Type(ElementType::i64), 1);
  if (!step_) step_ = root_input("step", InputKind::step, span);
  return step_;
}

// A function of seed, site (path and ordinal), step, scan index and element.
Value Elaborator::draw(OpId op, const Shape& shape, const Object& seed, const SourceSpan& span) {
  ++effects_;
  const std::string& path = initializing_.empty() ? path_->path : initializing_;
  const int64_t ordinal = draws_[path + (initializing_.empty() ? "" : " initial")]++;
  Value seed_operand;
  Value step_operand;
  const bool initial = !initializing_.empty();
  if (!seed.is<Nothing>()) {
    seed_operand = integer_constant(to_integer(seed, "`seed`", span));
    step_operand = integer_constant(0);
  } else if (initial) {
    if (frame_->initial_values) {
      put_origin(span);
      if (!initial_seed_)
        initial_seed_ = frame_->builder.input("seed", InputKind::seed, Type(ElementType::i64));
      seed_operand = initial_seed_;
    } else {
      seed_operand = integer_constant(0);
    }
    step_operand = integer_constant(0);
  } else {
    seed_operand = use({seed_value(span), root_.get(), nullptr}, span);
    step_operand = use({step_value(span), root_.get(), nullptr}, span);
  }
  put_origin(span);
  const Value site = integer_constant(random::site(path, static_cast<uint64_t>(ordinal)));
  const Value scan = frame_->scan_index ? frame_->scan_index : integer_constant(0);
  Attributes attributes{{"shape", shape}};
  if (op != OpId::random_bits) attributes.set("element", options_.precision);
  return frame_->builder.add(op, {seed_operand, step_operand, site, scan}, std::move(attributes));
}

// gather, scatter_add and one_hot: equal requests share a number, and so stay one node.
Value Elaborator::checked_op(OpId op, std::vector<Value> operands, Attributes attributes, int64_t limit,
                             const std::string& description, const SourceSpan& span) {
  std::string key = fmt::format("{} {}", name(op), frame_->number);
  for (Value operand : operands) key += fmt::format(" {}.{}", operand.node, operand.result);
  for (const auto& [attribute, value] : attributes) key += fmt::format(" {}={}", attribute, to_string(value));
  const auto [at, fresh] = check_numbers_.emplace(key, static_cast<int64_t>(checks_.size()));
  if (fresh || !options_.memoize) at->second = static_cast<int64_t>(checks_.size());
  const int64_t number = at->second;
  const Shape indices = frame_->builder.shape(operands[1 < operands.size() ? 1 : 0]);
  attributes.set("check", number);
  put_origin(span);
  const Value result = frame_->builder.add(op, std::move(operands), std::move(attributes));
  if (number == static_cast<int64_t>(checks_.size())) {
    checks_.push_back({number, user_span(span),
                       fmt::format("{} out of range: it must be in 0..{}", description, limit - 1), limit,
                       indices, frame_ != root_.get()});
    frame_->checks.push_back({number, {result.node, 1}, element_count(indices)});
  }
  return result;
}

void Elaborator::combine_status() {
  if (root_->checks.empty()) return;
  std::sort(root_->checks.begin(), root_->checks.end(),
            [](const auto& a, const auto& b) { return a.number < b.number; });
  std::vector<Value> bad;
  std::vector<int64_t> numbers;
  for (const Frame::BodyCheck& check : root_->checks) {
    bad.push_back(check.bad);
    numbers.push_back(check.number);
  }
  root_->builder.set_origins({});
  root_->builder.set_status(
      root_->builder.add(OpId::status, std::move(bad), {{"checks", std::move(numbers)}}));
}

}  // namespace gradus::language
