// Miscompiles planted on purpose, to show that the harness sees them. They live in this test program only:
// each is a pass of the pipeline with a mistake, or a change of the lowered program.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "ir/loop/program.h"
#include "passes/pass.h"

namespace gradus::testing {

struct Mutation {
  std::string name;
  std::string pass;  // in which the mistake is; empty: lowering
  Graph (*run)(const Graph&, PassContext&) = nullptr;
  std::function<void(loop::Program&)> change_program;
};

const std::vector<Mutation>& mutations();

// Runs passes as the pipeline does, watched by --verify-each=numeric; what it says, empty if nothing.
std::string verified(const Graph& graph, const std::vector<Pass>& passes);

// The pipeline with the mistake in it.
std::vector<Pass> passes_with(const Mutation& mutation);

}  // namespace gradus::testing
