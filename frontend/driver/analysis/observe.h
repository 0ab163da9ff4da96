// --gradient-norms: a training graph with results that tell how its gradients and activations are.
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace gradus {

struct Observation {
  // Results are named by what follows; those of the graph itself stay.
  Graph graph;

  struct Gradient {
    std::string parameter;
    std::string norm;  // f64[]: of the loss's gradient by it
  };
  std::vector<Gradient> gradients;  // in the order of the parameters

  // The output of a layer: the last value of a scope whose leading axis counts the rows.
  struct Activation {
    std::string layer;
    SourceSpan span;
    std::string mean, square;  // f64[]: means of the numbers and of their squares
  };
  std::vector<Activation> activations;

  // maximum(x, 0), whose last axis counts units.
  struct Rectifier {
    std::string layer;
    SourceSpan span;
    int64_t units = 0;
    std::string largest;  // [units]
  };
  std::vector<Rectifier> rectifiers;
};

// `graph` is the training graph as it was elaborated, for so many rows.
Observation observe(const Graph& graph, int64_t rows);

}  // namespace gradus
