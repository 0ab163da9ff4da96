#include "ir/builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/build.h"
#include "ir/error.h"
#include "ir/op.h"
#include "ir/ops/constant.h"
#include "ir/ops/ops.h"
#include "ir/structure.h"

namespace gradus {

namespace {

size_t mix(size_t seed, size_t value) {
  return seed ^ (value + 0x9e3779b97f4a7c15ULL + (seed << 6) + (seed >> 2));
}

void append_origins(Origins& to, const Origins& from) {
  constexpr size_t most = 8;  // a value shared by hundreds of places says so with the first few
  for (const Origin& origin : from)
    if (to.size() < most && std::find(to.begin(), to.end(), origin) == to.end()) to.push_back(origin);
}

bool same_request(const Node& a, const Node& b) {
  if (a.op != b.op || a.operands != b.operands || !(a.attributes == b.attributes)) return false;
  if (a.types != b.types) return false;
  if (!a.body || !b.body) return a.body == b.body;
  return a.body == b.body || same_structure(*a.body, *b.body);
}

}  // namespace

GraphBuilder::GraphBuilder(std::string name, BuilderOptions options) : options_(std::move(options)) {
  if (!options_.ids) options_.ids = std::make_shared<IdSource>();
  graph_.name_ = std::move(name);
}

size_t GraphBuilder::hash_of(const Node& node) const {
  size_t seed = mix(std::hash<OpId>{}(node.op->id), node.attributes.hash());
  for (Value operand : node.operands) seed = mix(mix(seed, operand.node), operand.result);
  for (const Type& type : node.types) {
    seed = mix(seed, static_cast<size_t>(type.element));
    for (int64_t extent : type.shape) seed = mix(seed, static_cast<size_t>(extent));
  }
  return node.body ? mix(seed, node.body->structural_hash()) : seed;
}

Value GraphBuilder::append(Node node) {
  if (graph_.nodes_.size() >= options_.node_limit)
    fail_program(fmt::format("the graph grew beyond {} nodes", options_.node_limit), {},
                 "without memoization the number of nodes can grow exponentially with the depth");
  if (preferred_id_ != Origin::no_value) {
    node.id = preferred_id_;
    reserve_ids(node.id + 1);
    preferred_id_ = Origin::no_value;
  } else {
    node.id = options_.ids->take();
  }
  if (node.body) reserve_ids(node.body->next_id());
  node.derivative = derivative_ && !node.operands.empty();
  const auto index = static_cast<uint32_t>(graph_.nodes_.size());
  graph_.nodes_.push_back(std::move(node));
  graph_.origins_.push_back({});
  append_origins(graph_.origins_.back(), current_origins_);
  return {index, 0};
}

Value GraphBuilder::input(std::string name, InputKind kind, Type type) {
  Node node;
  node.op = &op_of(OpId::input);
  node.attributes = {{"index", static_cast<int64_t>(graph_.inputs_.size())}};
  node.types = {std::move(type)};
  const Value value = append(std::move(node));
  graph_.inputs_.push_back({std::move(name), kind, value});
  return value;
}

std::vector<Type> GraphBuilder::infer(const Op& op, const std::vector<Value>& operands,
                                      const Attributes& attributes, const Graph* body) const {
  OpUse use{op, {}, attributes, body};
  use.operands.reserve(operands.size());
  // How the operands lie in memory says nothing of the results.
  for (Value operand : operands) use.operands.emplace_back(type(operand).element, type(operand).shape);
  return op.infer(use);
}

Value GraphBuilder::add(const Op& op, std::vector<Value> operands, Attributes attributes,
                        std::shared_ptr<const Graph> body) {
  Node node;
  node.types = infer(op, operands, attributes, body.get());
  node.op = &op;
  node.operands = std::move(operands);
  node.attributes = std::move(attributes);
  node.body = std::move(body);
  return find_or_append(std::move(node));
}

Value GraphBuilder::add_typed(const Op& op, std::vector<Value> operands, Attributes attributes,
                              std::vector<Type> types, std::shared_ptr<const Graph> body) {
  const std::vector<Type> inferred = infer(op, operands, attributes, body.get());
  const bool same =
      std::equal(types.begin(), types.end(), inferred.begin(), inferred.end(),
                 [](const Type& a, const Type& b) { return a.element == b.element && a.shape == b.shape; });
  if (!same) {
    const auto list = [](const std::vector<Type>& all) {
      std::string text;
      for (const Type& type : all) text += (text.empty() ? "" : ", ") + to_string(type);
      return text;
    };
    throw ShapeError(
        fmt::format("{}: the result is given as {}, but it is {}", op.name, list(types), list(inferred)));
  }
  Node node;
  node.op = &op;
  node.operands = std::move(operands);
  node.attributes = std::move(attributes);
  node.types = std::move(types);
  node.body = std::move(body);
  return find_or_append(std::move(node));
}

Value GraphBuilder::again(const Node& node, std::vector<Value> operands) {
  return again(node, std::move(operands), node.attributes, node.body);
}

Value GraphBuilder::again(const Node& node, std::vector<Value> operands, Attributes attributes,
                          std::shared_ptr<const Graph> body) {
  Node made;
  made.op = node.op;
  made.types = infer(*node.op, operands, attributes, body.get());
  for (size_t r = 0; r < std::min(made.types.size(), node.types.size()); ++r)
    if (made.types[r].shape == node.types[r].shape) made.types[r].layout = node.types[r].layout;
  made.operands = std::move(operands);
  made.attributes = std::move(attributes);
  made.body = std::move(body);
  return find_or_append(std::move(made));
}

namespace {

// Whether derivatives alone asked for the same nodes, in bodies of the same structure.
bool same_derivative_bits(const Graph& a, const Graph& b) {
  for (uint32_t i = 0; i < a.size(); ++i) {
    if (a.node(i).derivative != b.node(i).derivative) return false;
    if (a.node(i).body && !same_derivative_bits(*a.node(i).body, *b.node(i).body)) return false;
  }
  return true;
}

}  // namespace

// Calls of equal bodies share one: passes and lowering see it once. What a user asked for is not taken for a
// derivative's.
std::shared_ptr<const Graph> GraphBuilder::shared_body(std::shared_ptr<const Graph> body) {
  const size_t hash = body->structural_hash();
  for (auto [it, end] = called_.equal_range(hash); it != end; ++it)
    if (it->second == body ||
        (same_structure(*it->second, *body) && same_derivative_bits(*it->second, *body)))
      return it->second;
  called_.emplace(hash, body);
  return body;
}

Value GraphBuilder::find_or_append(Node node) {
  if (node.op == &ops::constant) ops::make_canonical_constant(node.attributes);
  if (!options_.memoize) return append(std::move(node));
  if (is_call(node)) node.body = shared_body(std::move(node.body));

  const size_t hash = hash_of(node);
  for (auto [it, end] = memo_.equal_range(hash); it != end; ++it)
    if (same_request(graph_.nodes_[it->second], node)) {
      ++memo_hits_;
      preferred_id_ = Origin::no_value;
      append_origins(graph_.origins_[it->second], current_origins_);
      graph_.nodes_[it->second].derivative &= derivative_;
      return {it->second, 0};
    }
  const Value value = append(std::move(node));
  memo_.emplace(hash, value.node);
  return value;
}

Value GraphBuilder::add(OpId op, std::vector<Value> operands, Attributes attributes,
                        std::shared_ptr<const Graph> body) {
  return add(op_of(op), std::move(operands), std::move(attributes), std::move(body));
}

void GraphBuilder::add_result(std::string name, Value value) {
  graph_.results_.push_back({std::move(name), value});
}

void GraphBuilder::add_update(uint32_t input, Value value) { graph_.updates_.push_back({input, value}); }

void GraphBuilder::set_status(Value value) { graph_.status_ = value; }

Graph GraphBuilder::finish() && {
  size_t hash = graph_.nodes_.size();
  for (const Node& node : graph_.nodes_) hash = mix(hash, hash_of(node));
  for (const NamedValue& result : graph_.results_)
    hash = mix(mix(hash, result.value.node), result.value.result);
  for (const Update& update : graph_.updates_) hash = mix(mix(hash, update.input), update.value.node);
  graph_.hash_ = hash;
  graph_.next_id_ = options_.ids->next();
  return std::move(graph_);
}

Rewriter::Rewriter(const Graph& old, std::string pass, BuilderOptions options)
    : old_(old), pass_(std::move(pass)), builder_(old.name(), std::move(options)), mapped_(old.size()) {
  builder_.reserve_ids(old.next_id());
  builder_.set_header(old.header());
  const std::vector<bool> live = live_nodes(old);
  for (uint32_t i = 0; i < old.size(); ++i)
    if (live[i]) live_.push_back(i);
}

void Rewriter::at(uint32_t index) {
  Origins origins = old_.origins(index);
  origins.push_back(Origin::pass(pass_, old_.node(index).id));
  builder_.set_origins(std::move(origins));
  builder_.set_derivative(old_.node(index).derivative);
}

void Rewriter::keep(uint32_t index) { keep_with(index, old_.node(index).attributes); }

void Rewriter::keep_with(uint32_t index, Attributes attributes) {
  keep_as(index, std::move(attributes), old_.node(index).body);
}

void Rewriter::keep_body(uint32_t index, std::shared_ptr<const Graph> body) {
  keep_as(index, old_.node(index).attributes, std::move(body));
}

void Rewriter::keep_as(uint32_t index, Attributes attributes, std::shared_ptr<const Graph> body) {
  const Node& node = old_.node(index);
  if (!is_input(node)) return keep_again(index, map(node.operands), std::move(attributes), std::move(body));
  const Input& input = old_.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
  builder_.set_origins(old_.origins(index));
  builder_.set_derivative(node.derivative);
  builder_.prefer_id(node.id);
  mapped_[index] = {builder_.input(input.name, input.kind, node.types[0])};
}

void Rewriter::keep_on(uint32_t index, std::vector<Value> operands, std::shared_ptr<const Graph> body) {
  keep_again(index, std::move(operands), old_.node(index).attributes, std::move(body));
}

void Rewriter::keep_again(uint32_t index, std::vector<Value> operands, Attributes attributes,
                          std::shared_ptr<const Graph> body) {
  const Node& node = old_.node(index);
  builder_.set_origins(old_.origins(index));
  builder_.set_derivative(node.derivative);
  builder_.prefer_id(node.id);
  const Value value = builder_.again(node, std::move(operands), std::move(attributes), std::move(body));
  mapped_[index].clear();
  for (uint32_t r = 0; r < node.types.size(); ++r) mapped_[index].push_back({value.node, r});
}

void Rewriter::replace(uint32_t index, std::vector<Value> values) {
  const std::vector<Type>& types = old_.node(index).types;
  for (size_t r = 0; r < std::min(values.size(), types.size()); ++r)
    if (values[r] && !types[r].layout.is_default())
      values[r] = build::relayout(builder_, values[r], types[r].layout);
  mapped_[index] = std::move(values);
}

bool Rewriter::mapped(Value old_value) const { return old_value.result < mapped_[old_value.node].size(); }

Value Rewriter::map(Value old_value) const {
  if (!mapped(old_value))
    fail_internal(fmt::format("pass '{}' lost the value of %{}", pass_, old_.node(old_value).id));
  return mapped_[old_value.node][old_value.result];
}

std::vector<Value> Rewriter::map(const std::vector<Value>& old_values) const {
  std::vector<Value> values;
  values.reserve(old_values.size());
  for (Value value : old_values) values.push_back(map(value));
  return values;
}

Graph Rewriter::finish() && {
  std::vector<NamedValue> results;
  for (const NamedValue& result : old_.results()) results.push_back({result.name, map(result.value)});
  return std::move(*this).finish(results);
}

Graph Rewriter::finish(const std::vector<NamedValue>& results) && {
  for (const NamedValue& result : results) builder_.add_result(result.name, result.value);
  for (const Update& update : old_.updates()) builder_.add_update(update.input, map(update.value));
  if (old_.status()) builder_.set_status(map(old_.status()));
  return std::move(builder_).finish();
}

}  // namespace gradus
