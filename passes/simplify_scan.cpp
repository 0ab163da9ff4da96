// The results of scans and calls: histories, outputs and results that nobody reads are dropped, and what
// every step yields twice is stacked once. Carries stay, since steps read them. Calls of one body go on
// sharing it: what one of them reads stays in all.
#include <map>

#include "ir/op.h"
#include "ir/ops/scan.h"
#include "ir/placement.h"
#include "ir/structure.h"
#include "passes/simplify_rules.h"

namespace gradus::simplify_rules {

namespace {

// Which results of a scan stay, and where each of them stands then.
struct KeptResults {
  std::vector<int64_t> histories;
  std::vector<size_t> body_results;
  std::vector<uint32_t> position;  // of every old result that is read
  std::vector<size_t> results;     // the old results that stay
  bool all = true;
};

// What the body yields that someone reads; each step reads all carries.
std::vector<size_t> read_of_body(const ops::ScanLayout& layout, const std::vector<bool>& read) {
  std::vector<size_t> positions;
  for (size_t i = 0; i < layout.carries; ++i) positions.push_back(i);
  for (size_t i = 0; i < layout.outputs; ++i)
    if (read[layout.result_of_output(i)]) positions.push_back(layout.body_result_of_output(i));
  return positions;
}

// `body` yields just what someone reads.
KeptResults kept_results(const Node& scan, const std::vector<bool>& read, const Graph& body) {
  const ops::ScanLayout layout(scan);
  KeptResults kept;
  kept.position.resize(scan.types.size());
  uint32_t next = 0;
  for (size_t i = 0; i < layout.carries; ++i) {
    kept.body_results.push_back(i);
    kept.position[i] = next++;
  }
  for (size_t i = 0; i < layout.histories.size(); ++i) {
    const size_t result = layout.result_of_history(i);
    if (!read[result]) continue;
    kept.histories.push_back(layout.histories[i]);
    kept.position[result] = next++;
  }
  std::map<Value, uint32_t> stacked;
  size_t yielded = layout.carries;
  for (size_t i = 0; i < layout.outputs; ++i) {
    const size_t result = layout.result_of_output(i);
    if (!read[result]) continue;
    const auto [it, fresh] = stacked.emplace(body.results()[yielded].value, next);
    kept.position[result] = it->second;
    if (fresh) {
      kept.body_results.push_back(yielded);
      ++next;
    }
    ++yielded;
  }
  for (size_t old = 0; old < scan.types.size(); ++old)
    if (kept.position[old] == kept.results.size() && (old < layout.carries || read[old]))
      kept.results.push_back(old);
  kept.all = next == scan.types.size();
  return kept;
}

// Without what only the others needed.
std::shared_ptr<const Graph> with_results(const std::shared_ptr<const Graph>& graph,
                                          const std::vector<size_t>& positions, const PassContext& context) {
  const Graph& body = *graph;
  if (positions.size() == body.results().size()) return graph;
  const BuilderOptions options{context.memoize, context.node_limit, context.ids};
  Rewriter chosen(body, "simplify", options);
  for (uint32_t i : chosen.live()) chosen.keep(i);
  std::vector<NamedValue> results;
  for (size_t position : positions) {
    const NamedValue& result = body.results()[position];
    results.push_back({result.name, chosen.map(result.value)});
  }
  const Graph with_dead_nodes = std::move(chosen).finish(results);
  Rewriter rewriter(with_dead_nodes, "simplify", options);
  for (uint32_t i : rewriter.live()) rewriter.keep(i);
  return std::make_shared<const Graph>(std::move(rewriter).finish());
}

// Per node and result, whether something reads it.
std::vector<std::vector<bool>> read_results(const Graph& graph, const std::vector<uint32_t>& live) {
  std::vector<std::vector<bool>> read(graph.size());
  for (uint32_t i = 0; i < graph.size(); ++i) read[i].resize(graph.node(i).types.size());
  const auto see = [&](Value value) { read[value.node][value.result] = true; };
  for (uint32_t i : live)
    for (Value operand : graph.node(i).operands) see(operand);
  for (const NamedValue& result : graph.results()) see(result.value);
  for (const Update& update : graph.updates()) see(update.value);
  if (graph.status()) see(graph.status());
  return read;
}

// By body, the positions of the results that some call of it reads.
using ReadOfCalls = std::map<const Graph*, std::vector<size_t>>;

ReadOfCalls read_of_calls(const Graph& graph, const std::vector<uint32_t>& live,
                          const std::vector<std::vector<bool>>& read) {
  std::map<const Graph*, std::vector<bool>> any;
  for (uint32_t i : live) {
    if (!is_call(graph.node(i))) continue;
    std::vector<bool>& of_body = any[graph.node(i).body.get()];
    of_body.resize(read[i].size(), false);
    // Places inside of a planned body say which result they are of.
    for (size_t r = 0; r < read[i].size(); ++r)
      if (read[i][r] || graph.node(i).attributes.has("place")) of_body[r] = true;
  }
  ReadOfCalls positions;
  for (const auto& [body, of_body] : any)
    for (size_t r = 0; r < of_body.size(); ++r)
      if (of_body[r]) positions[body].push_back(r);
  return positions;
}

void keep_call(Rewriter& rewriter, uint32_t i, const std::vector<size_t>& positions,
               const PassContext& context) {
  const Node& node = rewriter.old().node(i);
  const std::shared_ptr<const Graph> body = rewriter.rewritten(node.body, [&](const Graph&) {
    return drop_unread_results(*with_results(node.body, positions, context), context);
  });
  if (positions.size() == node.types.size()) return rewriter.keep_body(i, body);
  rewriter.at(i);
  rewriter.builder().prefer_id(node.id);
  const Value call = rewriter.builder().add(*node.op, rewriter.map(node.operands), node.attributes, body);
  std::vector<Value> values(node.types.size(), call);
  for (uint32_t r = 0; r < positions.size(); ++r) values[positions[r]] = {call.node, r};
  rewriter.replace(i, std::move(values));
}

}  // namespace

Graph drop_unread_results(const Graph& graph, const PassContext& context) {
  Rewriter rewriter(graph, "simplify", {context.memoize, context.node_limit, context.ids});
  const std::vector<std::vector<bool>> read = read_results(graph, rewriter.live());
  const ReadOfCalls called = read_of_calls(graph, rewriter.live(), read);
  for (uint32_t i : rewriter.live()) {
    const Node& node = graph.node(i);
    if (is_call(node)) {
      keep_call(rewriter, i, called.at(node.body.get()), context);
      continue;
    }
    std::shared_ptr<const Graph> body = node.body;
    const bool loops = is_scan(node);
    // From the outside in: what falls here may have been the only reader of a result in there.
    if (loops) body = with_results(body, read_of_body(ops::ScanLayout(node), read[i]), context);
    if (body)
      body =
          rewriter.rewritten(body, [&](const Graph& inner) { return drop_unread_results(inner, context); });
    const KeptResults kept = loops ? kept_results(node, read[i], *body) : KeptResults();
    if (kept.all) {
      rewriter.keep_body(i, std::move(body));
      continue;
    }
    rewriter.at(i);
    rewriter.builder().prefer_id(node.id);
    Attributes attributes = node.attributes;
    attributes.set("histories", kept.histories);
    if (const std::vector<Placement> places = placements(node); !places.empty()) {
      std::vector<Placement> left;
      for (size_t old : kept.results) left.push_back(places.at(old));
      attributes.set("place", to_string(left));
    }
    attributes.erase("scratch");  // a carry may have lost its history
    const Value scan = rewriter.builder().again(node, rewriter.map(node.operands), std::move(attributes),
                                                with_results(body, kept.body_results, context));
    std::vector<Value> values;
    for (uint32_t position : kept.position) values.push_back({scan.node, position});
    rewriter.replace(i, std::move(values));
  }
  return std::move(rewriter).finish();
}

}  // namespace gradus::simplify_rules
