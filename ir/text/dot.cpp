#include "ir/text/dot.h"

#include <fmt/format.h>

#include <boost/graph/graphviz.hpp>
#include <sstream>

#include "ir/boost_graph.h"
#include "ir/op.h"
#include "ir/text/lexer.h"
#include "ir/text/print.h"

namespace gradus {

namespace {

// Graphviz reads \n in a quoted text as a line break.
std::string label(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines) {
    const std::string escaped = text::quoted(line);
    out += (out.empty() ? "" : "\\n") + escaped.substr(1, escaped.size() - 2);
  }
  return "\"" + out + "\"";
}

struct VertexWriter {
  const Graph& graph;
  std::vector<std::vector<std::string>> roles;  // results and updates that a node gives

  explicit VertexWriter(const Graph& g) : graph(g), roles(g.size()) {
    for (const NamedValue& result : g.results())
      roles[result.value.node].push_back(result.name.empty() ? "result" : "result " + result.name);
    for (const Update& update : g.updates())
      roles[update.value.node].push_back("new " + g.inputs()[update.input].name);
    if (g.status()) roles[g.status().node].push_back("status");
  }

  void operator()(std::ostream& out, uint32_t index) const {
    const Node& node = graph.node(index);
    std::vector<std::string> lines;
    std::string shape = "ellipse";
    if (node.op->id == OpId::input) {
      const Input& input = graph.inputs()[static_cast<size_t>(node.attributes.integer("index"))];
      const std::string kind(keyword(input.kind));
      lines.push_back(kind.empty() ? input.name : kind + " " + input.name);
      shape = "box";
    } else {
      lines.push_back(fmt::format("%{} {}", node.id, node.op->name));
      if (const AttributeValue* value = node.attributes.find("value"))
        lines.back() += " " + to_string(*value);
      if (node.body)
        lines.back() += fmt::format(" of {} nodes", node.body->size() - node.body->inputs().size());
    }
    for (const Type& type : node.types) lines.push_back(to_string(type));
    lines.insert(lines.end(), roles[index].begin(), roles[index].end());
    out << fmt::format("[label={}, shape={}{}]", label(lines), shape,
                       roles[index].empty() ? "" : ", peripheries=2");
  }
};

struct EdgeWriter {
  const Graph& graph;

  // Which operand, where there are several, and which result.
  void operator()(std::ostream& out, const GraphView::Edge& edge) const {
    const Node& user = graph.node(edge.target);
    const uint32_t result = user.operands[edge.operand].result;
    std::string text = user.operands.size() > 1 ? fmt::format("{}", edge.operand) : "";
    if (result > 0) text += fmt::format(" (#{})", result);
    if (!text.empty()) out << fmt::format("[label={}]", label({text}));
  }
};

struct HeadWriter {
  const Graph& graph;

  void operator()(std::ostream& out) const {
    out << fmt::format("label={};\nnode [fontname=\"sans-serif\", fontsize=11];\n", label({graph.name()}));
  }
};

}  // namespace

std::string to_dot(const Graph& graph) {
  std::ostringstream out;
  const GraphView view(graph);
  boost::write_graphviz(out, view, VertexWriter(graph), EdgeWriter{graph}, HeadWriter{graph},
                        get(boost::vertex_index, view));
  return out.str();
}

}  // namespace gradus
