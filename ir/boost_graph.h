// A Graph as Boost.Graph sees it: models VertexListGraph, EdgeListGraph and BidirectionalGraph.
//
// Vertices are the indices of nodes; edges lead from an operand's node to its user, one per place in the
// operand list (x * x has two). The operand lists stay the source of truth: the view is made from them once
// and must not outlive the graph.
#pragma once

#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/property_map/property_map.hpp>
#include <utility>
#include <vector>

#include "ir/graph.h"

namespace gradus {

class GraphView {
 public:
  struct Edge {
    uint32_t source = Value::none;
    uint32_t target = Value::none;
    uint32_t operand = 0;  // place in the target's operand list
    friend auto operator<=>(const Edge&, const Edge&) = default;
  };
  struct Traversal : boost::bidirectional_graph_tag,
                     boost::vertex_list_graph_tag,
                     boost::edge_list_graph_tag {};

  using vertex_descriptor = uint32_t;
  using edge_descriptor = Edge;
  using directed_category = boost::bidirectional_tag;
  using edge_parallel_category = boost::allow_parallel_edge_tag;
  using traversal_category = Traversal;
  using vertex_iterator = boost::counting_iterator<uint32_t>;
  using edge_iterator = std::vector<Edge>::const_iterator;
  using in_edge_iterator = edge_iterator;
  using out_edge_iterator = edge_iterator;
  using vertices_size_type = size_t;
  using edges_size_type = size_t;
  using degree_size_type = size_t;
  static vertex_descriptor null_vertex() { return Value::none; }

  explicit GraphView(const Graph& graph);
  const Graph& graph() const { return *graph_; }

  using Range = std::pair<edge_iterator, edge_iterator>;
  friend std::pair<vertex_iterator, vertex_iterator> vertices(const GraphView& g) {
    return {vertex_iterator(0), vertex_iterator(static_cast<uint32_t>(g.graph_->size()))};
  }
  friend size_t num_vertices(const GraphView& g) { return g.graph_->size(); }
  friend Range edges(const GraphView& g) { return {g.in_.begin(), g.in_.end()}; }
  friend size_t num_edges(const GraphView& g) { return g.in_.size(); }
  friend uint32_t source(const Edge& edge, const GraphView&) { return edge.source; }
  friend uint32_t target(const Edge& edge, const GraphView&) { return edge.target; }
  // In operand order.
  friend Range in_edges(uint32_t vertex, const GraphView& g) { return range(g.in_, g.in_begin_, vertex); }
  // By user, then by place.
  friend Range out_edges(uint32_t vertex, const GraphView& g) { return range(g.out_, g.out_begin_, vertex); }
  friend size_t in_degree(uint32_t vertex, const GraphView& g) { return length(g.in_begin_, vertex); }
  friend size_t out_degree(uint32_t vertex, const GraphView& g) { return length(g.out_begin_, vertex); }
  friend size_t degree(uint32_t vertex, const GraphView& g) {
    return in_degree(vertex, g) + out_degree(vertex, g);
  }
  friend boost::typed_identity_property_map<uint32_t> get(boost::vertex_index_t, const GraphView&) {
    return {};
  }
  friend uint32_t get(boost::vertex_index_t, const GraphView&, uint32_t vertex) { return vertex; }

 private:
  using Begins = std::vector<size_t>;
  static Range range(const std::vector<Edge>& edges, const Begins& begins, uint32_t vertex) {
    const auto at = [&](uint32_t v) { return edges.begin() + static_cast<std::ptrdiff_t>(begins[v]); };
    return {at(vertex), at(vertex + 1)};
  }
  static size_t length(const Begins& begins, uint32_t vertex) { return begins[vertex + 1] - begins[vertex]; }

  const Graph* graph_;
  std::vector<Edge> in_, out_;   // sorted by target, by source
  Begins in_begin_, out_begin_;  // one per vertex, and the end
};

}  // namespace gradus

namespace boost {

template <>
struct property_map<gradus::GraphView, vertex_index_t> {
  using type = typed_identity_property_map<uint32_t>;
  using const_type = type;
};

}  // namespace boost
