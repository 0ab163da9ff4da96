// Graph text: the form that a person reads and ir/text/parse.h reads back. DESIGN.md §3 shows an example.
#pragma once

#include <string>

#include "ir/graph.h"

namespace gradus {

struct PrintOptions {
  bool origins = true;
};

std::string print(const Graph& graph, PrintOptions options = {});

// One node as it stands in the text, without indentation.
std::string print_node(const Graph& graph, uint32_t index, PrintOptions options = {});

// A value as it stands in the text: %12, %9#1, %x.
std::string print_value(const Graph& graph, Value value);

}  // namespace gradus
