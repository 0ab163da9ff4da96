// What a graph must hold to be at the stage that its header names. Texts are read with it, in every build:
// passes and lowering trust what it has seen.
//
//   1. the header names a stage, and sizes of the workspace in bytes
//   2. from `backward` on there are no gradient nodes
//   3. at `kernels`: nodes are kernels or stand for one, bodies of kernels hold what lowering knows, and each
//      result has a place (ir/placement.h) that exists, is its own, and holds no other value as long as the
//      value is read
#pragma once

#include <vector>

#include "ir/error.h"
#include "ir/graph.h"
#include "ir/text/parse.h"
#include "passes/pipeline.h"

namespace gradus {

// The stage that a graph's header names; forward if it names none.
Stage stage_of(const Graph& graph);

// Empty if all is well. Findings stand at the places of the text, if they are given.
std::vector<Diagnostic> verify_stage(const Graph& graph, Stage stage, const GraphSpans* spans = nullptr);

}  // namespace gradus
